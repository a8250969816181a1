// SPDX-License-Identifier: Apache-2.0
#include "http/hpack.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <new>
#include <utility>

#include "http/hpack_scan.h"

namespace qtap::http {
namespace {

constexpr uint32_t kDefaultTable = 4096;  // RFC 9113, 6.5.2
constexpr uint64_t kStaticEntries = 61;   // RFC 7541, appendix A
// The longest representation: two texts as long as nghttp2 takes them, and their lengths.
constexpr size_t kMaxRest = 2 * 65536 + 32;

std::string_view view(const uint8_t* at, size_t len) {
  return {reinterpret_cast<const char*>(at), len};
}

// A dynamic table size update (RFC 7541, 6.3): 001, then the number with a prefix of 5 bits.
std::string size_update(uint32_t bytes) {
  std::string out;
  if (bytes < 31) return {static_cast<char>(0x20 | bytes)};
  out += '\x3f';
  for (bytes -= 31; bytes >= 128; bytes >>= 7) out += static_cast<char>(0x80 | (bytes & 0x7f));
  out += static_cast<char>(bytes);
  return out;
}

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class NoFields final : public HpackSink {
 public:
  void on_field(std::string_view, std::string_view) override {}
  void on_unknown_field() override {}
};

}  // namespace

void HpackDecoder::Free::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

HpackDecoder::HpackDecoder(bool exact) : exact_(exact) {}

HpackDecoder::~HpackDecoder() = default;

// Made with the first block: many connections see none.
void HpackDecoder::restart() {
  nghttp2_hd_inflater* made = nullptr;
  if (nghttp2_hd_inflate_new(&made) != 0) throw std::bad_alloc();
  inflater_.reset(made);
  failed_ = false;
  place_ = Place::kBlock;
  rest_.clear();
  if (exact_) {
    if (max_table_ != kDefaultTable) nghttp2_hd_inflate_change_table_size(made, max_table_);
    return;
  }
  // How large the table is now is not known: as large as any.
  nghttp2_hd_inflate_change_table_size(made, kMaxTable);
  NoFields none;
  inflate(as_bytes(size_update(kMaxTable)), /*last=*/true, none);
}

void HpackDecoder::lose() {
  exact_ = false;
  inflater_.reset();
}

void HpackDecoder::set_max_table(uint32_t bytes) {
  if (!exact_) return;  // each size update is followed, as far as kMaxTable
  // More than this nobody should keep for a peer: what such a table holds beyond is unknown.
  exact_ = bytes <= kMaxTable;
  max_table_ = std::min(bytes, kMaxTable);
  if (inflater_) nghttp2_hd_inflate_change_table_size(inflater_.get(), max_table_);
}

bool HpackDecoder::add(std::span<const uint8_t> bytes, bool last, HpackSink& sink) {
  if (!inflater_) restart();
  if (failed_) return false;
  failed_ = !(exact_ ? inflate(bytes, last, sink) : add_known(bytes, last, sink));
  return !failed_;
}

// Fields that both are in a table leave it as it is (RFC 7541, 6.1), so nghttp2 need not go through
// its states for them: on a connection that lasts they are most of all. Returns where they end. An
// index of more than one byte, or of no entry, is left to nghttp2.
const uint8_t* HpackDecoder::tell_indexed(std::span<const uint8_t> bytes, HpackSink& sink) const {
  constexpr uint8_t kIndexed = 0x80;
  constexpr uint8_t kLonger = 0xff;
  const uint8_t* at = bytes.data();
  const uint8_t* const end = at + bytes.size();
  for (; at != end && (*at & kIndexed) != 0 && *at != kLonger; ++at) {
    const nghttp2_nv* entry =
        nghttp2_hd_inflate_get_table_entry(inflater_.get(), *at & ~unsigned{kIndexed});
    if (!entry) break;
    sink.on_field_again(view(entry->name, entry->namelen), view(entry->value, entry->valuelen));
  }
  return at;
}

bool HpackDecoder::inflate(std::span<const uint8_t> bytes, bool last, HpackSink& sink) {
  const uint8_t* at = bytes.data();
  const uint8_t* const end = at + bytes.size();
  nghttp2_hd_inflater* const inflater = inflater_.get();
  Place place = std::exchange(place_, Place::kInside);
  while (true) {
    // The first one of a block tells nghttp2 that no size update may follow (RFC 7541, 4.2).
    if (place == Place::kItem && exact_) {
      at = tell_indexed({at, end}, sink);
      if (at == end && !last) {
        place_ = Place::kItem;
        return true;
      }
    }
    nghttp2_nv nv;
    int flags = 0;
    // RFC 7541, 6.1. What the table has was inserted by a field that was told, if all were seen.
    const bool is_indexed = place != Place::kInside && at != end && (*at & 0x80) != 0 && exact_;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at,
                                                static_cast<size_t>(end - at), last ? 1 : 0);
    if (used == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
    if (used < 0) return false;
    at += used;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      const std::string_view name = view(nv.name, nv.namelen);
      const std::string_view value = view(nv.value, nv.valuelen);
      is_indexed ? sink.on_field_again(name, value) : sink.on_field(name, value);
      place = Place::kItem;
      continue;
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater);
      place_ = Place::kBlock;
      return true;
    }
    if (at == end) return true;
    place = Place::kInside;
  }
}

// One representation at a time, so that each index is compared with the table as it is then.
bool HpackDecoder::add_known(std::span<const uint8_t> bytes, bool last, HpackSink& sink) {
  std::string joined;
  if (!rest_.empty()) {
    joined = std::move(rest_);
    joined.append(view(bytes.data(), bytes.size()));
    bytes = as_bytes(joined);
  }
  rest_.clear();
  while (!bytes.empty()) {
    const size_t used = add_one(bytes, sink);
    if (failed_) return false;
    if (used == 0) break;
    bytes = bytes.subspan(used);
  }
  if (bytes.size() > kMaxRest || (last && !bytes.empty())) return false;
  rest_.assign(view(bytes.data(), bytes.size()));
  return !last || inflate({}, /*last=*/true, sink);
}

// Returns how many bytes were used; 0: there are too few.
size_t HpackDecoder::add_one(std::span<const uint8_t> bytes, HpackSink& sink) {
  using Kind = HpackItem::Kind;
  const HpackItem item = scan_hpack(bytes);
  if (item.kind == Kind::kNeedMore) return 0;
  const uint64_t known =
      std::max<uint64_t>(nghttp2_hd_inflate_get_num_table_entries(inflater_.get()), kStaticEntries);
  const std::span<const uint8_t> whole = bytes.first(item.size);
  bool done = false;
  if (item.kind == Kind::kResize) {
    done = resize(item.number, sink);
  } else if (item.kind == Kind::kIndexed && item.number > known) {
    sink.on_unknown_field();
    done = true;
  } else if (item.kind != Kind::kBroken && item.number > known) {
    // A literal whose name is unknown: the same with an empty name.
    const char begin = item.kind == Kind::kInserted ? '\x40' : '\0';
    const std::string name = {begin, '\0'};
    done = inflate(as_bytes(name), /*last=*/false, sink) &&
           inflate(whole.subspan(item.name_end), /*last=*/false, sink);
  } else if (item.kind != Kind::kBroken) {
    done = inflate(whole, /*last=*/false, sink);
  }
  failed_ = !done;
  return item.size;
}

bool HpackDecoder::resize(uint64_t wanted, HpackSink& sink) {
  const auto size = static_cast<uint32_t>(std::min<uint64_t>(wanted, kMaxTable));
  nghttp2_hd_inflate_change_table_size(inflater_.get(), kMaxTable);
  return inflate(as_bytes(size_update(size)), /*last=*/false, sink);
}

}  // namespace qtap::http
