// SPDX-License-Identifier: Apache-2.0
#include "rulekit/complaint.h"

#include "base/utf8.h"
#include "rulekit/chars.h"
#include "rulekit/slip.h"

namespace qtap::rulekit {

namespace {

constexpr size_t kMaxQuoted = 40;  // several fit into qtap_rule_error.text

std::string bad_byte(std::string_view rest) {
  switch (rest[0]) {
    case '=':
      return "found \"=\"; equality is \"==\"";
    case '&':
      return "found \"&\"; use \"and\" or \"&&\"";
    case '|':
      return "found \"|\" without a second one; use \"or\" or \"||\", or close the regex";
    case '/':
      return "found a regex without its closing \"/\"";
    case '"':
    case '\'':
      return "found a string without its closing quote";
    case '`':
      return "found \"`\"; strings are written \"...\" or '...'";
    case '~':
      return "found \"~\"; a regex match is \"=~\" or \"matches\"";
    default:
      break;
  }
  const size_t len = utf8_sequence(rest);
  return "found the unknown character " + quoted(rest.substr(0, len == 0 ? 1 : len));
}

}  // namespace

std::string complain(std::string_view text, std::string_view wanted, const Token& previous,
                     const Token& found, bool operator_fits) {
  std::string out = "expected ";
  out += wanted;
  if (previous.kind != TokenKind::kEnd) out += " after " + quoted(previous.text);
  if (found.kind == TokenKind::kEnd) return out;
  const bool is_name = found.kind == TokenKind::kFunction || found.kind == TokenKind::kField;
  const std::string meant =
      is_name && !operator_fits ? "" : suggest_operator(text, previous, found);
  if (found.kind != TokenKind::kError) {
    out += ", found " + quoted(found.text);
  } else if (meant.empty()) {
    out += ", " + bad_byte(text.substr(found.offset));
  } else {
    out += ", found " + quoted(text.substr(found.offset, 1));
  }
  return out + meant;
}

std::string with_position(const Position& position, std::string_view what) {
  std::string out = "line " + std::to_string(position.line);
  out += ", column " + std::to_string(position.column) + ": ";
  out += what;
  return out;
}

std::string quoted(std::string_view text) {
  const bool is_string = text.starts_with('"') || text.starts_with('\'');
  const char* mark = is_string ? "" : "\"";
  std::string out = mark;
  size_t used = 0;
  while (used < text.size() && used < kMaxQuoted) {
    const std::string_view rest = text.substr(used);
    const size_t len = utf8_sequence(rest);
    const unsigned char byte = static_cast<unsigned char>(rest[0]);
    if (len == 0 || byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += kLowerHex[byte >> 4];
      out += kLowerHex[byte & 15];
    } else {
      out += rest.substr(0, len);
    }
    used += len == 0 ? 1 : len;
  }
  if (used < text.size()) out += "...";
  out += mark;
  return out;
}

}  // namespace qtap::rulekit
