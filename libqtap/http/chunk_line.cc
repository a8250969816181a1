// SPDX-License-Identifier: Apache-2.0
#include "http/chunk_line.h"

#include "http/token.h"

namespace qtap::http {

namespace {

// "A recipient ought to limit the total length of chunk extensions" (RFC 9112, 7.1.1).
constexpr size_t kMaxLine = 16u << 10;

int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const int letter = byte | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

}  // namespace

ChunkLine::State ChunkLine::add(std::string_view bytes, size_t* used) {
  if (length_ == 0) size_ = 0;
  for (*used = 0; *used < bytes.size(); ++*used) {
    const char byte = bytes[*used];
    if (at_ == At::kLineFeed && byte == '\n') {
      ++*used;
      at_ = At::kSize;
      length_ = 0;
      return State::kDone;
    }
    reason_ = at_ <= At::kDigits     ? "invalid chunk size"
              : at_ == At::kLineFeed ? "invalid line end"
                                     : "invalid chunk extension";
    if (++length_ > kMaxLine) reason_ = "chunk line of more than 16 KiB";
    if (length_ > kMaxLine || !take(byte)) {
      at_ = At::kSize;
      length_ = 0;
      return State::kBad;
    }
  }
  return State::kMore;
}

bool ChunkLine::take(char byte) {
  switch (at_) {
    case At::kSize:
      at_ = At::kDigits;
      return take_digit(byte);
    case At::kDigits:
      return take_digit(byte) || end_part(byte);
    case At::kAfterPart:
      if (byte == ';') at_ = At::kName;
      return is_blank(byte) || byte == ';';
    case At::kName:
      if (is_blank(byte)) return true;
      at_ = At::kInName;
      return is_tchar(byte);
    case At::kInName:
      if (is_tchar(byte)) return true;
      if (is_blank(byte)) {
        at_ = At::kAfterName;
        return true;
      }
      if (byte != '=') return end_part(byte);
      at_ = At::kValue;
      return true;
    case At::kAfterName:
      if (byte == '=') at_ = At::kValue;
      if (byte == ';') at_ = At::kName;
      return is_blank(byte) || byte == '=' || byte == ';';
    case At::kValue:
      if (is_blank(byte)) return true;
      at_ = byte == '"' ? At::kInQuotes : At::kInToken;
      return byte == '"' || is_tchar(byte);
    case At::kInToken:
      return is_tchar(byte) || end_part(byte);
    case At::kInQuotes:
      if (byte == '"') at_ = At::kAfterQuotes;
      if (byte == '\\') at_ = At::kEscaped;
      return is_quotable(byte);
    case At::kEscaped:
      at_ = At::kInQuotes;
      return is_quotable(byte);
    case At::kAfterQuotes:
      return end_part(byte);
    case At::kLineFeed:
      return false;
  }
  return false;
}

bool ChunkLine::take_digit(char byte) {
  const int value = hex_value(byte);
  if (value < 0 || size_ > (UINT64_MAX >> 4)) return false;
  size_ = (size_ << 4) | static_cast<uint64_t>(value);
  return true;
}

// The size, a name or a value is over: the line, or another extension.
bool ChunkLine::end_part(char byte) {
  at_ = byte == '\r' ? At::kLineFeed : byte == ';' ? At::kName : At::kAfterPart;
  return byte == '\r' || byte == ';' || is_blank(byte);
}

}  // namespace qtap::http
