// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/base64.h"
#include "base/utf8.h"

namespace qtap {
namespace {

constexpr size_t kLongestEscape = 6;   // \u00xx
constexpr size_t kLongestNumber = 24;  // 2^64 - 1 has 20, -2.2250738585072014e-308 has 24

bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#if defined(__SSE2__)
constexpr size_t kStride = 16;

// How many of the next kStride bytes are plain, before the first that is not.
size_t count_plain(const char* bytes) {
  const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const auto equals = [&](char c) { return _mm_cmpeq_epi8(chunk, _mm_set1_epi8(c)); };
  // Signed: what is not ASCII is below the space as well.
  const __m128i odd =
      _mm_or_si128(_mm_cmplt_epi8(chunk, _mm_set1_epi8(' ')),
                   _mm_or_si128(equals(0x7f), _mm_or_si128(equals('"'), equals('\\'))));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(odd));
  return static_cast<size_t>(std::countr_zero(mask | 1u << kStride));
}
#else
constexpr size_t kStride = 8;

size_t count_plain(const char* bytes) {
  size_t count = 0;
  while (count < kStride && is_plain(static_cast<unsigned char>(bytes[count]))) ++count;
  return count;
}
#endif

// Whether all of eight bytes are plain. A borrow comes only from a byte that is odd itself.
bool are_plain(uint64_t bytes) {
  constexpr uint64_t kEach = 0x0101010101010101;
  const auto equals = [&](char c) { return (bytes ^ kEach * static_cast<uint64_t>(c)) - kEach; };
  const uint64_t odd = bytes | (bytes - kEach * ' ') | equals(0x7f) | equals('"') | equals('\\');
  return (odd & kEach * 0x80) == 0;
}

template <typename Word>
Word load(const char* at) {
  Word word;
  memcpy(&word, at, sizeof word);
  return word;
}

// A few bytes: to call memcpy for them takes longer than to copy them.
char* put_short(char* at, std::string_view text) {
  const size_t size = text.size();
  if (size >= sizeof(uint64_t) && size <= 2 * sizeof(uint64_t)) {
    const auto first = load<uint64_t>(text.data());
    const auto last = load<uint64_t>(text.data() + size - sizeof first);
    memcpy(at, &first, sizeof first);
    memcpy(at + size - sizeof last, &last, sizeof last);
  } else if (size >= sizeof(uint32_t) && size < sizeof(uint64_t)) {
    const auto first = load<uint32_t>(text.data());
    const auto last = load<uint32_t>(text.data() + size - sizeof first);
    memcpy(at, &first, sizeof first);
    memcpy(at + size - sizeof last, &last, sizeof last);
  } else {
    memcpy(at, text.data(), size);
  }
  return at + size;
}

// The end of a text, less than kStride bytes, if all of it is plain: in two words that may overlap,
// since byte by byte it would take longer than all the rest. False: nothing is written.
bool put_plain_end(char* at, const char* text, size_t size) {
  if (size >= sizeof(uint64_t)) {
    const auto first = load<uint64_t>(text);
    const auto last = load<uint64_t>(text + size - sizeof first);
    if (!are_plain(first) || !are_plain(last)) return false;
    memcpy(at, &first, sizeof first);
    memcpy(at + size - sizeof last, &last, sizeof last);
    return true;
  }
  if (size < sizeof(uint32_t)) return false;
  const auto first = load<uint32_t>(text);
  const auto last = load<uint32_t>(text + size - sizeof first);
  if (!are_plain(uint64_t{first} << 32 | last)) return false;
  memcpy(at, &first, sizeof first);
  memcpy(at + size - sizeof last, &last, sizeof last);
  return true;
}

char* put_escaped(char* at, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  *at++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *at++ = static_cast<char>(c);
      return at;
    case '\n':
      *at++ = 'n';
      return at;
    case '\r':
      *at++ = 'r';
      return at;
    case '\t':
      *at++ = 't';
      return at;
    default:
      for (const char next : {'u', '0', '0', kHex[c >> 4], kHex[c & 15]}) *at++ = next;
      return at;
  }
}

// The character that `text` begins with, which is not ASCII; `i` moves behind it.
char* put_wide(char* at, std::string_view text, size_t& i) {
  const std::string_view sequence = text.substr(i, utf8_sequence(text.substr(i)));
  // RFC 8259 lets C1 controls stand as they are; the terminal that shows the document does not.
  if (is_c1_control(sequence)) {
    i += 2;
    return put_escaped(at, static_cast<unsigned char>(sequence[1]));
  }
  if (!sequence.empty()) {
    memcpy(at, sequence.data(), sequence.size());
    i += sequence.size();
    return at + sequence.size();
  }
  const auto c = static_cast<unsigned char>(text[i++]);
  return c < 0xa0 ? put_escaped(at, c) : put_latin1(at, c);
}

// Writes `text` from `i` on until `until`, or a little further: characters are not cut. There must
// be room for the longest escape of each byte, and kStride bytes more.
char* put_text(char* at, std::string_view text, size_t& i, size_t until) {
  while (i < until) {
    size_t plain = kStride;
    while (plain == kStride && i + kStride <= until) {
      memcpy(at, text.data() + i, kStride);  // what is not plain is written over
      plain = count_plain(text.data() + i);
      i += plain;
      at += plain;
    }
    if (plain == kStride && put_plain_end(at, text.data() + i, until - i)) {
      at += until - i;
      i = until;
      return at;
    }
    for (; i < until && is_plain(static_cast<unsigned char>(text[i])); ++i) *at++ = text[i];
    if (i >= until) return at;
    const auto c = static_cast<unsigned char>(text[i]);
    at = c < 0x80 ? put_escaped(at, c) : put_wide(at, text, i);
    if (c < 0x80) ++i;
  }
  return at;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  JsonWriter json(out);
  json.text(text);
  json.finish();
}

void JsonWriter::grow(size_t bytes) {
  constexpr size_t kLeast = 256;
  out_.resize(std::max({out_.capacity(), used_ + bytes, used_ + used_ / 2, kLeast}));
}

void JsonWriter::literal(std::string_view text) {
  used_until(put_short(room(text.size()), text));
}

void JsonWriter::text(std::string_view text) {
  constexpr size_t kPiece = 1024;  // bounds the room that the worst case asks for
  if (text.size() <= kPiece) {
    char* at = room(text.size() * kLongestEscape + kStride + 2);
    *at++ = '"';
    size_t i = 0;
    at = put_text(at, text, i, text.size());
    *at++ = '"';
    return used_until(at);
  }
  put('"');
  for (size_t i = 0; i < text.size();) {
    const size_t until = std::min(text.size(), i + kPiece);
    used_until(put_text(room((until - i) * kLongestEscape + kStride), text, i, until));
  }
  put('"');
}

template <typename Number>
void JsonWriter::number(Number number) {
  char* at = room(kLongestNumber);
  used_until(std::to_chars(at, at + kLongestNumber, number).ptr);
}

void JsonWriter::put_name(JsonName name) {
  const std::string_view text = name.text();
  char* at = room(text.size() + 4);
  if (!first_) *at++ = ',';
  first_ = false;
  *at++ = '"';
  at = put_short(at, text);
  *at++ = '"';
  *at++ = ':';
  used_until(at);
}

void JsonWriter::open(char bracket, JsonName name) {
  name.text().empty() ? comma() : put_name(name);
  put(bracket);
  ++depth_;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  put(bracket);
  first_ = false;
  if (--depth_ == 0) finish();
}

void JsonWriter::member(JsonName name, uint64_t value) {
  put_name(name);
  number(value);
}

void JsonWriter::member(JsonName name, int64_t value) {
  put_name(name);
  number(value);
}

void JsonWriter::member(JsonName name, double value) {
  put_name(name);
  number(value);
}

void JsonWriter::member(JsonName name, bool value) {
  put_name(name);
  literal(value ? "true" : "false");
}

void JsonWriter::null(JsonName name) {
  put_name(name);
  literal("null");
}

void JsonWriter::base64(JsonName name, std::string_view bytes) {
  put_name(name);
  put('"');
  used_until(put_base64(room(base64_size(bytes.size()) + 1), bytes));
  put('"');
}

void JsonWriter::entry(std::string_view name, std::string_view value) {
  comma();
  text(name);
  put(':');
  text(value);
}

}  // namespace qtap
