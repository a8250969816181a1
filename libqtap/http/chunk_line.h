// SPDX-License-Identifier: Apache-2.0
// The line before a chunk (RFC 9112, 7.1): its bytes in, in any pieces; the size out. Extensions
// are read by their grammar (7.1.1) and passed over. llhttp 8 refuses white space and quoted pairs
// in them, llhttp 9 lets other things pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qtap::http {

class ChunkLine {
 public:
  enum class State : uint8_t { kMore, kDone, kBad };

  // Takes bytes up to the end of the line, or in front of the one that is wrong; `used` says how
  // many. After kDone or kBad the next call begins a new line.
  State add(std::string_view bytes, size_t* used);

  uint64_t size() const { return size_; }         // kDone
  const char* reason() const { return reason_; }  // kBad; lives forever

 private:
  enum class At : uint8_t {
    kSize,  // before its first digit
    kDigits,
    kAfterPart,  // white space that only ";" may follow
    kName,       // before it
    kInName,
    kAfterName,  // white space that "=" or ";" may follow
    kValue,      // before it
    kInToken,
    kInQuotes,
    kEscaped,
    kAfterQuotes,
    kLineFeed
  };
  // False: the byte cannot stand here.
  bool take(char byte);
  bool take_digit(char byte);
  bool end_part(char byte);

  At at_ = At::kSize;
  uint64_t size_ = 0;
  size_t length_ = 0;
  const char* reason_ = nullptr;
};

}  // namespace qtap::http
