// SPDX-License-Identifier: Apache-2.0
#include "http/hpack_scan.h"

namespace qtap::http {
namespace {

// nghttp2 takes no name or value that is longer (NGHTTP2_HD_MAX_NV in its nghttp2_hd.h).
constexpr uint64_t kMaxText = 65536;

enum class Read : uint8_t { kDone, kNeedMore, kBroken };

class Scanner {
 public:
  explicit Scanner(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  size_t at() const { return at_; }
  bool at_end() const { return at_ >= bytes_.size(); }
  uint8_t peek() const { return bytes_[at_]; }

  // RFC 7541, 5.1. No number that means something here needs more than 32 bits.
  Read number(int prefix_bits, uint64_t& value) {
    if (at_end()) return Read::kNeedMore;
    const auto most = static_cast<uint8_t>((1u << prefix_bits) - 1);
    value = bytes_[at_++] & most;
    if (value < most) return Read::kDone;
    for (int shift = 0; shift <= 28; shift += 7) {
      if (at_end()) return Read::kNeedMore;
      const uint8_t byte = bytes_[at_++];
      value += uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value > UINT32_MAX ? Read::kBroken : Read::kDone;
    }
    return Read::kBroken;
  }

  // RFC 7541, 5.2; coded or not, its bytes are passed over.
  Read text() {
    uint64_t len = 0;
    const Read read = number(7, len);
    if (read != Read::kDone) return read;
    if (len > kMaxText) return Read::kBroken;
    if (len > bytes_.size() - at_) return Read::kNeedMore;
    at_ += static_cast<size_t>(len);
    return Read::kDone;
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

HpackItem::Kind kind_of(Read read, HpackItem::Kind done) {
  if (read == Read::kDone) return done;
  return read == Read::kBroken ? HpackItem::Kind::kBroken : HpackItem::Kind::kNeedMore;
}

}  // namespace

HpackItem scan_hpack(std::span<const uint8_t> bytes) {
  HpackItem item;
  Scanner scanner(bytes);
  if (scanner.at_end()) return item;
  const uint8_t first = scanner.peek();
  Read read = Read::kDone;
  HpackItem::Kind kind = HpackItem::Kind::kIndexed;
  if ((first & 0x80) != 0) {
    read = scanner.number(7, item.number);
    if (read == Read::kDone && item.number == 0) read = Read::kBroken;  // RFC 7541, 6.1
  } else if ((first & 0xe0) == 0x20) {
    kind = HpackItem::Kind::kResize;
    read = scanner.number(5, item.number);
  } else {
    const bool inserts = (first & 0x40) != 0;
    kind = inserts               ? HpackItem::Kind::kInserted
           : (first & 0x10) != 0 ? HpackItem::Kind::kNeverIndex
                                 : HpackItem::Kind::kPassing;
    read = scanner.number(inserts ? 6 : 4, item.number);
    if (read == Read::kDone && item.number == 0) read = scanner.text();
    item.name_end = scanner.at();
    if (read == Read::kDone) read = scanner.text();
  }
  item.kind = kind_of(read, kind);
  item.size = scanner.at();
  return item;
}

}  // namespace qtap::http
