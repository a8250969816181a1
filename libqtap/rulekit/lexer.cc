// SPDX-License-Identifier: Apache-2.0
#include "rulekit/lexer.h"

#include <algorithm>
#include <iterator>

#include "rulekit/address.h"
#include "rulekit/chars.h"

namespace qtap::rulekit {

namespace {

struct Fixed {
  std::string_view text;
  TokenKind kind;
};

// Two bytes before one, so that the first hit is the longest.
constexpr Fixed kSymbols[] = {
    {"&&", TokenKind::kAnd},        {"||", TokenKind::kOr},          {"==", TokenKind::kEq},
    {"!=", TokenKind::kNe},         {"<=", TokenKind::kLe},          {">=", TokenKind::kGe},
    {"=~", TokenKind::kMatches},    {"<", TokenKind::kLt},           {">", TokenKind::kGt},
    {"!", TokenKind::kNot},         {"(", TokenKind::kLeftParen},    {")", TokenKind::kRightParen},
    {"[", TokenKind::kLeftBracket}, {"]", TokenKind::kRightBracket}, {",", TokenKind::kComma},
};

constexpr Fixed kKeywords[] = {
    {"not", TokenKind::kNot},         {"and", TokenKind::kAnd},
    {"or", TokenKind::kOr},           {"eq", TokenKind::kEq},
    {"ne", TokenKind::kNe},           {"lt", TokenKind::kLt},
    {"le", TokenKind::kLe},           {"gt", TokenKind::kGt},
    {"ge", TokenKind::kGe},           {"contains", TokenKind::kContains},
    {"matches", TokenKind::kMatches}, {"in", TokenKind::kIn},
    {"true", TokenKind::kBool},       {"false", TokenKind::kBool},
};

size_t count_while(std::string_view text, size_t pos, bool (*accept)(char)) {
  size_t end = pos;
  while (end < text.size() && accept(text[end])) ++end;
  return end - pos;
}

size_t sign_length(std::string_view text) {
  return text[0] == '+' || text[0] == '-' ? 1 : 0;
}

size_t int_length(std::string_view text) {
  const size_t sign = sign_length(text);
  const size_t digits = count_while(text, sign, is_digit);
  return digits == 0 ? 0 : sign + digits;
}

size_t float_length(std::string_view text) {
  const size_t sign = sign_length(text);
  const size_t point = sign + count_while(text, sign, is_digit);
  if (point >= text.size() || text[point] != '.') return 0;
  const size_t fraction = count_while(text, point + 1, is_digit);
  return fraction == 0 ? 0 : point + 1 + fraction;
}

size_t cidr_length(std::string_view text, size_t ip_length) {
  if (ip_length == 0 || ip_length >= text.size() || text[ip_length] != '/') return 0;
  // Three digits, so that ::1/128 can be written (difference S9 to the existing engine).
  const size_t digits = std::min<size_t>(count_while(text, ip_length + 1, is_digit), 3);
  return digits == 0 ? 0 : ip_length + 1 + digits;
}

size_t hex_length(std::string_view text) {
  auto pair_at = [text](size_t at) {
    return at + 1 < text.size() && is_hex_digit(text[at]) && is_hex_digit(text[at + 1]);
  };
  if (!pair_at(0)) return 0;
  size_t len = 2;
  while (len < text.size() && text[len] == ':' && pair_at(len + 1)) len += 3;
  return len;
}

// A string or regex: up to the first delimiter that no backslash escapes (difference S4).
size_t delimited_length(std::string_view text) {
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == text[0]) return at + 1;
    if (text[at] == '\\') ++at;
  }
  return 0;
}

TokenKind name_kind(std::string_view name) {
  auto same_letters = [name](const Fixed& keyword) {
    return std::equal(name.begin(), name.end(), keyword.text.begin(), keyword.text.end(),
                      [](char a, char b) { return to_lower(a) == b; });
  };
  const auto* keyword = std::find_if(std::begin(kKeywords), std::end(kKeywords), same_letters);
  if (keyword != std::end(kKeywords)) return keyword->kind;
  return std::all_of(name.begin(), name.end(), in_function_name) ? TokenKind::kFunction
                                                                 : TokenKind::kField;
}

// Keeps the longest candidate; the one offered first wins a tie.
struct Best {
  TokenKind kind = TokenKind::kError;
  size_t len = 0;
  void offer(TokenKind candidate, size_t candidate_len) {
    if (candidate_len > len) *this = {candidate, candidate_len};
  }
};

}  // namespace

void Lexer::skip_blanks() {
  for (;;) {
    const std::string_view rest = text_.substr(pos_);
    if (rest.empty()) return;
    if (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r') {
      ++pos_;
    } else if (rest.starts_with("--")) {
      pos_ = std::min(text_.find('\n', pos_), text_.size());
    } else if (rest.starts_with("/*")) {
      // The first "*/" ends it (difference S3). Without one this is a regex, not a comment.
      const size_t end = rest.find("*/", 2);
      if (end == std::string_view::npos) return;
      pos_ += end + 2;
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_blanks();
  const std::string_view rest = text_.substr(pos_);
  if (rest.empty()) return {TokenKind::kEnd, pos_, {}};

  Best best;
  for (const Fixed& symbol : kSymbols) {
    if (rest.starts_with(symbol.text)) {
      best.offer(symbol.kind, symbol.text.size());
      break;
    }
  }
  const char first = rest[0];
  size_t name_len = 0;
  TokenKind name = TokenKind::kError;
  if (starts_name(first)) {
    name_len = count_while(rest, 0, in_field_name);
    name = name_kind(rest.substr(0, name_len));
    if (name != TokenKind::kFunction && name != TokenKind::kField) best.offer(name, name_len);
  }
  if (is_digit(first) || first == '+' || first == '-' || first == '.') {
    best.offer(TokenKind::kInt, int_length(rest));
    best.offer(TokenKind::kFloat, float_length(rest));
  }
  if (first == '"' || first == '\'') best.offer(TokenKind::kString, delimited_length(rest));
  if (is_hex_digit(first) || first == ':') {
    const size_t ip_len = ip_prefix_length(rest);
    best.offer(TokenKind::kIp, ip_len);
    best.offer(TokenKind::kCidr, cidr_length(rest, ip_len));
    best.offer(TokenKind::kHex, hex_length(rest));
  }
  if (first == '/' || first == '|') best.offer(TokenKind::kRegex, delimited_length(rest));
  best.offer(name, name_len);

  if (best.len == 0) return {TokenKind::kError, pos_, rest.substr(0, 1)};
  const Token token{best.kind, pos_, rest.substr(0, best.len)};
  pos_ += best.len;
  return token;
}

}  // namespace qtap::rulekit
