// SPDX-License-Identifier: Apache-2.0
// Fields of a binary message, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qtap::proto {

// After a read past the end ok() is false, and every further value is 0 or empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

  // Big-endian, `width` bytes.
  uint32_t number(size_t width) {
    uint32_t value = 0;
    for (char c : take(width)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  uint32_t little(size_t width) {
    uint32_t value = 0;
    unsigned shift = 0;
    for (char c : take(width)) {
      value |= uint32_t{static_cast<uint8_t>(c)} << shift;
      shift += 8;
    }
    return value;
  }
  std::string_view take(size_t n) {
    if (n > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return taken;
  }
  // A vector with a length prefix of `width` bytes.
  std::string_view vector(size_t width) { return take(number(width)); }
  // Without its NUL.
  std::string_view text_until_nul() {
    const size_t len = bytes_.find('\0');
    if (len == std::string_view::npos) {
      take(bytes_.size() + 1);
      return {};
    }
    const std::string_view text = take(len);
    take(1);
    return text;
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace qtap::proto
