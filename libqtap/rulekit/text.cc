// SPDX-License-Identifier: Apache-2.0
#include "rulekit/text.h"

#include <charconv>
#include <cmath>

#include "rulekit/address.h"
#include "rulekit/pattern.h"

namespace qtap::rulekit {

namespace {

constexpr size_t kFloatBuffer =
    512;  // a double in fixed form has at most 309 digits before the point

// Shortest digits that read back the same; exponent form below 1e-4 and from 1e6 on.
template <typename T>
void append_float(T value, std::string* out) {
  if (std::isnan(value)) {
    *out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    *out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char buffer[kFloatBuffer];
  const auto scientific =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(scientific.ptr - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  const char* digits = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(digits, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 6) {
    *out += text;
    return;
  }
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  out->append(buffer, static_cast<size_t>(fixed.ptr - buffer));
}

}  // namespace

void append_text(const Value& value, std::string* out) {
  switch (value.type) {
    case Type::kNull:
      *out += "<nil>";
      return;
    case Type::kBool:
      *out += value.b ? "true" : "false";
      return;
    case Type::kInt:
      *out += std::to_string(value.i);
      return;
    case Type::kUint:
      *out += std::to_string(value.u);
      return;
    case Type::kFloat32:
      append_float(static_cast<float>(value.d), out);
      return;
    case Type::kDouble:
      append_float(value.d, out);
      return;
    case Type::kString:
    case Type::kForeign:
      *out += value.str();
      return;
    case Type::kIp:
    case Type::kCidr:
      *out += address_text(value).view();
      return;
    case Type::kMac:
      *out += mac_text(value.str()).view();
      return;
    case Type::kHex:
      *out += value.hex->raw;
      return;
    case Type::kRegex:
      *out += value.pattern->text();
      return;
    case Type::kArray:
    case Type::kStringList:
    case Type::kNumberList: {
      const char* separator = "[";
      for (const Value& item : value.elements()) {
        *out += separator;
        append_text(item, out);
        separator = " ";
      }
      *out += value.elements().empty() ? "[]" : "]";
      return;
    }
    case Type::kBytes: {
      const char* separator = "[";
      for (char byte : value.str()) {
        *out += separator;
        *out += std::to_string(static_cast<unsigned char>(byte));
        separator = " ";
      }
      *out += value.str().empty() ? "[]" : "]";
      return;
    }
    case Type::kMap: {
      const char* separator = "map[";
      for (const MapEntry& entry : value.members()) {
        *out += separator;
        *out += entry.key;
        *out += ':';
        append_text(entry.value, out);
        separator = " ";
      }
      *out += value.members().empty() ? "map[]" : "]";
      return;
    }
  }
}

}  // namespace qtap::rulekit
