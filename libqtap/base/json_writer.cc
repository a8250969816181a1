// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/utf8.h"

namespace qtap {
namespace {

template <typename Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// Whether all 8 bytes are plain. The classic test of one word for a byte below n or equal to c: the
// top bit of a byte is set where it is; a false alarm behind a true one does no harm.
bool are_plain(const char* bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kTops = kOnes << 7;
  uint64_t word = 0;
  memcpy(&word, bytes, sizeof word);
  const auto has_zero = [](uint64_t v) { return (v - kOnes) & ~v & kTops; };
  const uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const uint64_t odd =
      has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\') | has_zero(word ^ kOnes * 0x7f);
  return ((word | below_space) & kTops) == 0 && odd == 0;
}

void append_escaped(std::string& out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  size_t i = 0;
  while (i < text.size()) {
    const size_t start = i;
    while (i + 8 <= text.size() && are_plain(text.data() + i)) i += 8;
    while (i < text.size() && is_plain(static_cast<unsigned char>(text[i]))) ++i;
    out.append(text, start, i - start);
    if (i == text.size()) break;
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      append_escaped(out, c);
      ++i;
      continue;
    }
    const size_t len = utf8_sequence(text.substr(i));
    const std::string_view sequence = text.substr(i, len);
    // RFC 8259 lets C1 controls stand as they are; the terminal that shows the document does not.
    if (is_c1_control(sequence)) {
      append_escaped(out, static_cast<unsigned char>(sequence[1]));
    } else if (len > 0) {
      out += sequence;
    } else {
      c < 0xa0 ? append_escaped(out, c) : append_latin1(out, c);
    }
    i += std::max<size_t>(len, 1);
  }
  out += '"';
}

void JsonWriter::comma() {
  if (!first_) out_ += ',';
  first_ = false;
}

void JsonWriter::name(std::string_view key) {
  comma();
  append_json_string(out_, key);
  out_ += ':';
}

void JsonWriter::open(char bracket, std::string_view key) {
  key.empty() ? comma() : name(key);
  out_ += bracket;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  first_ = false;
}

void JsonWriter::member(std::string_view key, std::string_view text) {
  name(key);
  append_json_string(out_, text);
}

void JsonWriter::member(std::string_view key, uint64_t number) {
  name(key);
  append_number(out_, number);
}

void JsonWriter::member(std::string_view key, int64_t number) {
  name(key);
  append_number(out_, number);
}

void JsonWriter::member(std::string_view key, bool value) {
  name(key);
  out_ += value ? "true" : "false";
}

void JsonWriter::null(std::string_view key) {
  name(key);
  out_ += "null";
}

void JsonWriter::plain(std::string_view key, std::string_view text) {
  name(key);
  out_ += '"';
  out_ += text;
  out_ += '"';
}

void JsonWriter::element(std::string_view text) {
  comma();
  append_json_string(out_, text);
}

}  // namespace qtap
