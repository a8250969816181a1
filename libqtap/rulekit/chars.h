// SPDX-License-Identifier: Apache-2.0
// Character classes of the rule language: ASCII only, whatever the locale.
#pragma once

#include <string_view>

namespace qtap::rulekit {

inline constexpr std::string_view kLowerHex = "0123456789abcdef";

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Precondition: is_hex_digit(c).
constexpr unsigned hex_value(char c) {
  return static_cast<unsigned>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
}

// FUNCTION names hold letters, digits and '_'; FIELD names also '.' and '-'.
constexpr bool starts_name(char c) {
  return is_letter(c) || c == '_';
}
constexpr bool in_function_name(char c) {
  return starts_name(c) || is_digit(c);
}
constexpr bool in_field_name(char c) {
  return in_function_name(c) || c == '.' || c == '-';
}

}  // namespace qtap::rulekit
