// SPDX-License-Identifier: Apache-2.0
#include "http/late_start.h"

#include <algorithm>

#include "http/h2_frames.h"

namespace qtap::http {
namespace {

constexpr std::string_view kPreface(kH2Preface, kH2PrefaceBytes);

// Goes on with the preface, of which the last `matched` bytes came. Returns how many bytes were
// used: all, or up to its last one.
size_t match_preface(size_t& matched, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    if (matched == 0) {  // nothing that another byte could be part of
      i = std::min(bytes.find(kPreface.front(), i), bytes.size());
      if (i == bytes.size()) break;
    }
    if (bytes[i] == kPreface[matched]) {
      ++i;
      if (++matched == kPreface.size()) return i;
    } else {
      // It repeats its beginning in one place: the P of "PRI * HTTP".
      const bool ends_with_p = kPreface[matched - 1] == kPreface.front();
      matched = ends_with_p && matched > 1 ? 1 : 0;
    }
  }
  return bytes.size();
}

// RFC 9113, 3.4: a server begins with SETTINGS, which answers nothing.
bool begins_with_settings(std::string_view bytes) {
  if (bytes.size() < kH2HeaderBytes) return false;
  const H2FrameHeader header = read_h2_header(reinterpret_cast<const uint8_t*>(bytes.data()));
  return header.is(H2Type::kSettings) && header.flags == 0 && h2_evidence_bits(header) > 0;
}

}  // namespace

LateStart::LateStart() {
  for (Side& side : sides_) side.lines.begin_anywhere();
}

bool LateStart::add(Direction direction, int64_t time_ns, std::string_view bytes) {
  Side& side = sides_[index(direction)];
  side.held.append(time_ns, bytes);
  size_t used = bytes.size();
  Speaks found = Speaks::kNeedMore;
  // Later ones are looked for only where they would come first.
  const auto offer = [&](Speaks kind, bool has_found, size_t at) {
    if (!has_found || (found != Speaks::kNeedMore && at >= used)) return;
    found = kind;
    used = at;
  };
  const size_t to_preface = match_preface(side.preface, bytes);
  offer(Speaks::kHttp2, side.preface == kPreface.size(), to_preface);
  const size_t to_line = side.lines.add(time_ns, bytes.substr(0, used));
  offer(Speaks::kHttp1, side.lines.has_found(), to_line);
  const std::string_view held = side.held.view().substr(0, side.held.size() - bytes.size() + used);
  const size_t to_frames = side.frames.add(held, used);
  offer(Speaks::kHttp2Late, side.frames.has_found(), to_frames);
  if (found != Speaks::kNeedMore) {
    begin(found, direction, time_ns, bytes, used);
    return true;
  }
  side.held.trim_front(std::max(side.frames.needed(), side.preface));
  return false;
}

void LateStart::begin(Speaks found, Direction direction, int64_t time_ns, std::string_view bytes,
                      size_t used) {
  found_ = found;
  Side& side = sides_[index(direction)];
  Side& other = sides_[index(opposite(direction))];
  const size_t behind = bytes.size() - used;
  TimedBytes& first = first_[index(direction)];
  TimedBytes& others = first_[index(opposite(direction))];
  switch (found) {
    case Speaks::kHttp1:
      first = side.lines.take();
      first.append(time_ns, bytes.substr(used));
      others = other.lines.take();
      return;
    case Speaks::kHttp2:
      first = held_back(side, kPreface.size() + behind);
      others = held_back(other, other.frames.needed());
      if (!begins_with_settings(others.view())) others.clear();
      return;
    default:
      first = held_back(side, static_cast<size_t>(side.frames.found_length()) + behind);
      others = held_back(other, other.frames.needed());
      return;
  }
}

// The last bytes that are held.
TimedBytes LateStart::held_back(Side& side, size_t bytes) {
  side.held.drop_front(side.held.size() - std::min(side.held.size(), bytes));
  return std::exchange(side.held, TimedBytes());
}

void LateStart::lose(Direction direction) {
  Side& side = sides_[index(direction)];
  side.lines.lose();
  side.preface = 0;
  side.frames.lose();
  side.held.clear();
}

}  // namespace qtap::http
