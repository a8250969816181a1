// SPDX-License-Identifier: Apache-2.0
#include "rulekit/literal.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/utf8.h"
#include "rulekit/address.h"
#include "rulekit/chars.h"
#include "rulekit/utf8.h"

namespace qtap::rulekit {

namespace {

Status decode_int(std::string_view text, Value* ret) {
  const bool has_sign = text[0] == '+' || text[0] == '-';
  const bool negative = text[0] == '-';
  const std::string_view digits = text.substr(has_sign ? 1 : 0);
  const int base = digits.size() > 1 && digits[0] == '0' ? 8 : 10;  // S14: a leading zero is octal
  uint64_t magnitude = 0;
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (end != digits.data() + digits.size()) {
    return Error{QTAP_ERR_INVALID, "number with a leading zero is octal, and this one is not"};
  }
  constexpr uint64_t kMaxInt = std::numeric_limits<int64_t>::max();
  if (code == std::errc() && magnitude <= kMaxInt) {
    const int64_t value = static_cast<int64_t>(magnitude);
    *ret = Value::integer(negative ? -value : value);
  } else if (code == std::errc() && negative && magnitude == kMaxInt + 1) {
    *ret = Value::integer(std::numeric_limits<int64_t>::min());
  } else if (code == std::errc() && !has_sign) {
    *ret = Value::unsigned_integer(magnitude);
  } else {
    return Error{QTAP_ERR_INVALID, "number does not fit 64 bits"};
  }
  return {};
}

Status decode_float(std::string_view text, Value* ret) {
  const std::string_view number = text.substr(text[0] == '+' ? 1 : 0);
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value,
                                           std::chars_format::fixed);
  (void)end;
  if (code == std::errc::result_out_of_range) {
    const std::string_view whole = number.substr(0, number.find('.'));
    const bool overflow = whole.find_first_of("123456789") != std::string_view::npos;
    if (overflow) return Error{QTAP_ERR_INVALID, "number is too large"};
    value = number[0] == '-' ? -0.0 : 0.0;  // underflow
  }
  *ret = Value::number(value);
  return {};
}

// Reads `count` digits of `base` at the front; false when there are fewer.
bool read_digits(std::string_view text, size_t count, int base, uint32_t* ret) {
  if (text.size() < count) return false;
  const auto [end, code] = std::from_chars(text.data(), text.data() + count, *ret, base);
  return code == std::errc() && end == text.data() + count;
}

char simple_escape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    case '"':
      return '"';
    default:
      return 0;
  }
}

// Decodes one escape; `rest` starts after the backslash. Returns the bytes used, 0 when it is
// wrong.
size_t decode_escape(std::string_view rest, std::string* out) {
  if (rest.empty()) return 0;
  uint32_t code = 0;
  if (const char simple = simple_escape(rest[0])) {
    out->push_back(simple);
    return 1;
  }
  if (rest[0] == 'x' && read_digits(rest.substr(1), 2, 16, &code)) {
    out->push_back(static_cast<char>(code));  // a raw byte, not a character
    return 3;
  }
  if (is_digit(rest[0]) && read_digits(rest, 3, 8, &code) && code <= 0xFF) {
    out->push_back(static_cast<char>(code));
    return 3;
  }
  const size_t digits = rest[0] == 'u' ? 4 : rest[0] == 'U' ? 8 : 0;
  if (digits == 0 || !read_digits(rest.substr(1), digits, 16, &code)) return 0;
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return 0;
  append_utf8(code, out);
  return 1 + digits;
}

// Go's interpreted strings, by which '...' is rewritten first: `"` needs no escape there, `\'`
// does.
Status decode_quoted(std::string_view token, std::string* out) {
  std::string rewritten;
  std::string_view body = token.substr(1, token.size() - 2);
  if (token[0] == '\'') {
    for (char c : body) {
      if (c == '"') rewritten.push_back('\\');
      if (c == '\'') rewritten.pop_back();  // only an escaped one can stand inside
      rewritten.push_back(c);
    }
    body = rewritten;
  }
  while (!body.empty()) {
    size_t used = 1;
    if (body[0] == '\n') {
      return Error{QTAP_ERR_INVALID, "string runs over the end of the line; write \\n"};
    } else if (body[0] == '"') {
      return Error{QTAP_ERR_INVALID, "a double quote needs no backslash in a '...' string"};
    } else if (body[0] == '\\') {
      used = decode_escape(body.substr(1), out) + 1;
      if (used == 1) {
        return Error{
            QTAP_ERR_INVALID,
            "unknown escape in string; known: \\a \\b \\f \\n \\r \\t \\v \\\\, the quote, "
            "\\xHH, \\ooo, \\uHHHH, \\UHHHHHHHH"};
      }
    } else if (const size_t len = utf8_sequence(body); len > 0) {
      out->append(body.substr(0, len));
      used = len;
    } else {
      append_utf8(0xFFFD, out);
    }
    body.remove_prefix(used);
  }
  return {};
}

// S5: a string that looks like an address is one.
Value retype(Literal* literal) {
  const std::string_view text = literal->bytes;
  if (const auto ip = parse_ip(text)) return Value::ip_address(*ip);
  if (const auto cidr = parse_cidr(text)) return *cidr;
  if (const auto mac = parse_mac(text)) {
    literal->bytes.assign(mac->begin(), mac->end());
    return Value::mac(literal->bytes);
  }
  return Value::string(text);
}

void decode_hex(Literal* literal) {
  for (size_t at = 0; at + 1 < literal->raw.size(); at += 3) {
    const unsigned byte = hex_value(literal->raw[at]) * 16 + hex_value(literal->raw[at + 1]);
    literal->bytes.push_back(static_cast<char>(byte));
  }
  literal->hex = {literal->bytes, literal->raw};
  literal->value = Value::hex_text(literal->hex);
}

}  // namespace

Status decode_literal(const Token& token, Literal* ret) {
  ret->raw = token.text;
  switch (token.kind) {
    case TokenKind::kInt:
      return decode_int(token.text, &ret->value);
    case TokenKind::kFloat:
      return decode_float(token.text, &ret->value);
    case TokenKind::kBool:
      ret->value = Value::boolean(to_lower(token.text[0]) == 't');
      return {};
    case TokenKind::kString: {
      QTAP_CHECK(decode_quoted(token.text, &ret->bytes));
      ret->value = retype(ret);
      return {};
    }
    case TokenKind::kIp: {
      const auto ip = parse_ip(token.text);
      if (!ip) return Error{QTAP_ERR_INVALID, "not an IP address"};
      ret->value = Value::ip_address(*ip);
      return {};
    }
    case TokenKind::kCidr: {
      const auto cidr = parse_cidr(token.text);
      if (!cidr) {
        return Error{QTAP_ERR_INVALID, "prefix is too long: at most 32 for IPv4, 128 for IPv6"};
      }
      ret->value = *cidr;
      return {};
    }
    case TokenKind::kHex:
      decode_hex(ret);
      return {};
    case TokenKind::kRegex: {
      auto pattern = Pattern::create(token.text.substr(1, token.text.size() - 2));
      if (!pattern) return std::move(pattern).error();
      ret->pattern = *std::move(pattern);
      ret->value = Value::regex(*ret->pattern);
      return {};
    }
    default:
      return Error{QTAP_ERR_INTERNAL, "decode a literal: token is none"};
  }
}

}  // namespace qtap::rulekit
