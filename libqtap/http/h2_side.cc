// SPDX-License-Identifier: Apache-2.0
#include "http/h2_side.h"

#include <algorithm>
#include <utility>

namespace qtap::http {
namespace {

// What is collected of one frame. More than any field block that is kept (limits.header_bytes).
constexpr uint32_t kMaxPayload = 1u << 20;
// A stream that fails again right after a frame was found is none: after so many times, silence.
constexpr int kMaxErrors = 16;
// Frames after which an error is a new one.
constexpr uint64_t kSoundFrames = 64;

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

void H2Side::data(int64_t time_ns, std::string_view bytes) {
  while (!bytes.empty()) {
    now_ns_ = time_ns;
    size_t used = bytes.size();
    switch (state_) {
      case State::kStart:
        used = read_start(bytes);
        break;
      case State::kHeader:
        used = read_header(bytes);
        break;
      case State::kPadding:
        used = read_padding(bytes);
        break;
      case State::kData:
        used = read_data(bytes);
        break;
      case State::kPayload:
        used = read_payload(bytes);
        break;
      case State::kSkip:
        used = skip(bytes);
        break;
      case State::kSearch:
        search(bytes);
        break;
      case State::kSilent:
        break;
    }
    bytes.remove_prefix(used);
    offset_ += used;
  }
}

size_t H2Side::read_start(std::string_view bytes) {
  if (part_.empty()) frame_ns_ = now_ns_;
  const std::string_view preface(kH2Preface, kH2PrefaceBytes);
  const std::string_view wanted = preface.substr(part_.size(), bytes.size());
  const auto differs = std::mismatch(wanted.begin(), wanted.end(), bytes.begin());
  const auto same = static_cast<size_t>(differs.first - wanted.begin());
  part_.append(bytes.substr(0, same));
  if (same == wanted.size() && part_.size() < preface.size()) return same;
  const bool is_client = part_.size() == preface.size();
  state_ = State::kHeader;
  TimedBytes begun;
  begun.append(frame_ns_, std::exchange(part_, {}));
  events_.on_start(*this, is_client);
  // A frame may begin like the preface only as far as its length allows: not at all.
  if (!is_client) read_again(begun, same);
  return same;
}

// From inside of data(): bytes that were held. The last `uncounted` of them are of the piece at
// hand, which is added to offset_ only later.
void H2Side::read_again(const TimedBytes& begun, size_t uncounted) {
  offset_ += uncounted;
  offset_ -= begun.size();
  begun.for_each([this](int64_t piece_ns, std::string_view piece) { data(piece_ns, piece); });
  offset_ -= uncounted;
}

size_t H2Side::read_header(std::string_view bytes) {
  if (part_.empty()) {
    frame_ns_ = now_ns_;
    frame_offset_ = offset_;
  }
  const size_t used = std::min(bytes.size(), kH2HeaderBytes - part_.size());
  if (part_.empty() && used == kH2HeaderBytes) {
    frame_ = read_h2_header(bytes_of(bytes));
  } else {
    part_.append(bytes.substr(0, used));
    if (part_.size() < kH2HeaderBytes) return used;
    frame_ = read_h2_header(bytes_of(part_));
    part_.clear();
  }
  begin_frame();
  return used;
}

void H2Side::begin_frame() {
  ++frames_;
  if (frames_ >= kSoundFrames) errors_ = 0;
  left_ = frame_.length;
  padding_ = 0;
  ends_data_ = false;
  state_ = State::kHeader;  // unless a callback says otherwise
  const Want want = events_.on_header(*this);
  if (state_ != State::kHeader) return;
  if (want == Want::kNothing) {
    if (left_ > 0) state_ = State::kSkip;
  } else if (frame_.is(H2Type::kData)) {
    const bool is_padded = frame_.has(kH2Padded);
    state_ = is_padded ? State::kPadding : State::kData;
    if (is_padded && left_ == 0) events_.on_padding(*this, /*fits=*/false);
    if (state_ == State::kData && left_ == 0) end_data();
  } else if (left_ > kMaxPayload) {
    state_ = State::kSkip;
    events_.on_limit();
    events_.on_payload_lost(*this);
  } else if (left_ == 0) {
    events_.on_payload(*this, "");
  } else {
    state_ = State::kPayload;
  }
}

// RFC 9113, 6.1.
size_t H2Side::read_padding(std::string_view bytes) {
  padding_ = static_cast<uint8_t>(bytes.front());
  --left_;
  const bool fits = padding_ <= left_;
  if (fits) state_ = State::kData;
  events_.on_padding(*this, fits);
  if (state_ == State::kData && left_ == 0) end_data();
  return 1;
}

void H2Side::end_data() {
  state_ = State::kHeader;
  events_.on_data_end(*this);
}

size_t H2Side::read_data(std::string_view bytes) {
  const size_t used = std::min<size_t>(bytes.size(), left_);
  const size_t body = std::min<size_t>(used, left_ - padding_);
  left_ -= static_cast<uint32_t>(used);
  padding_ = std::min(padding_, left_);
  if (body > 0) events_.on_data(*this, bytes.substr(0, body));
  if (state_ == State::kData && left_ == 0) end_data();
  return used;
}

size_t H2Side::read_payload(std::string_view bytes) {
  const size_t used = std::min<size_t>(bytes.size(), left_);
  left_ -= static_cast<uint32_t>(used);
  if (left_ > 0) {
    part_.append(bytes.substr(0, used));
    return used;
  }
  state_ = State::kHeader;
  if (part_.empty()) {
    events_.on_payload(*this, bytes.substr(0, used));
    return used;
  }
  std::string whole = std::exchange(part_, {});
  whole.append(bytes.substr(0, used));
  events_.on_payload(*this, whole);
  return used;
}

size_t H2Side::skip(std::string_view bytes) {
  const size_t used = std::min<size_t>(bytes.size(), left_);
  left_ -= static_cast<uint32_t>(used);
  if (left_ > 0) return used;
  state_ = State::kHeader;
  if (ends_data_) events_.on_data_end(*this);
  return used;
}

void H2Side::search(std::string_view bytes) {
  held_.append(now_ns_, bytes);
  if (events_.is_other_proven(*this)) boundary_.relax();
  const size_t used = boundary_.add(held_.view(), bytes.size());
  if (!boundary_.has_found()) {
    held_.trim_front(boundary_.needed());
    return;
  }
  resume(static_cast<size_t>(boundary_.found_length()) + (bytes.size() - used), bytes.size());
}

void H2Side::relax() {
  if (state_ != State::kSearch) return;
  boundary_.relax();
  if (boundary_.has_found()) resume(static_cast<size_t>(boundary_.found_length()), 0);
}

// The last `begun` bytes that are held begin with a frame.
void H2Side::resume(size_t begun, size_t uncounted) {
  held_.drop_front(held_.size() - begun);
  const TimedBytes found = std::exchange(held_, TimedBytes());
  boundary_ = H2Boundary();
  state_ = State::kHeader;
  frames_ = 0;
  events_.on_loss(*this);
  read_again(found, uncounted);
}

void H2Side::fail() {
  part_.clear();
  held_ = TimedBytes();
  boundary_ = H2Boundary();
  state_ = ++errors_ < kMaxErrors ? State::kSearch : State::kSilent;
}

// ---- gaps
// ----------------------------------------------------------------------------------------

void H2Side::lose_in_frame(uint64_t len) {
  const auto lost = static_cast<uint32_t>(len);
  switch (state_) {
    case State::kPadding:
      state_ = State::kSkip;
      ends_data_ = true;
      events_.on_data_missing(*this, UINT64_MAX);
      break;
    case State::kData: {
      const uint32_t body = std::min(lost, left_ - padding_);
      if (body > 0) events_.on_data_missing(*this, body);
      break;
    }
    case State::kPayload:
      part_.clear();
      state_ = State::kSkip;
      events_.on_payload_lost(*this);
      break;
    default:
      break;
  }
  if (state_ != State::kData && state_ != State::kSkip) return;  // a callback said otherwise
  left_ -= lost;
  padding_ = std::min(padding_, left_);
  if (left_ > 0) return;
  const bool was_data = state_ == State::kData || ends_data_;
  state_ = State::kHeader;
  if (was_data) events_.on_data_end(*this);
}

void H2Side::gap(int64_t time_ns, uint64_t len) {
  offset_ += len;
  if (len == 0 || state_ == State::kSilent) return;
  now_ns_ = time_ns;
  const bool in_frame = state_ == State::kPadding || state_ == State::kData ||
                        state_ == State::kPayload || state_ == State::kSkip;
  if (in_frame) {
    const uint64_t inside = std::min<uint64_t>(len, left_);
    lose_in_frame(inside);
    len -= inside;
    if (len == 0 || state_ == State::kSilent) return;
  }
  part_.clear();
  held_ = TimedBytes();
  boundary_ = H2Boundary();
  if (state_ == State::kSearch) return;
  state_ = State::kSearch;
  events_.on_loss(*this);
}

uint64_t H2Side::pass_data(int64_t time_ns, uint64_t len) {
  if (state_ != State::kData) return 0;
  now_ns_ = time_ns;
  const uint64_t inside = std::min<uint64_t>(len, left_);
  offset_ += inside;
  lose_in_frame(inside);
  return inside;
}

}  // namespace qtap::http
