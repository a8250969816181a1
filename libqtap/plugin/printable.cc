// SPDX-License-Identifier: Apache-2.0
#include "plugin/printable.h"

#include <algorithm>

#include "base/utf8.h"
#include "http/media_type.h"

namespace qtap::plugin {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7f;
}  // C0 of ECMA-48, 5.2, and DEL

void append_control(std::string& out, unsigned char c, Lines lines) {
  if (lines == Lines::kMany && (c == '\n' || c == '\t')) {
    out += static_cast<char>(c);
    return;
  }
  switch (c) {
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
      out += "\\x";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

bool is_binary_type(std::string_view type) {
  return type == "application/octet-stream" || type == "application/pdf" ||
         type == "application/zip" || type == "application/gzip" || type.starts_with("image/") ||
         type.starts_with("audio/") || type.starts_with("video/");
}

bool is_text_type(std::string_view type) {
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml") ||
         type.ends_with("javascript") || type == "application/x-www-form-urlencoded";
}

// Of the controls, text has only white space (RFC 9110, 8.3 leaves this to the receiver).
bool is_text_byte(char c) {
  return !is_control(static_cast<unsigned char>(c)) || c == '\n' || c == '\r' || c == '\t' ||
         c == '\f';
}

}  // namespace

std::string printable(std::string_view text, Lines lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    const size_t len = std::max<size_t>(utf8_sequence(text), 1);
    if (is_control(c)) {
      const bool is_crlf = lines == Lines::kMany && text.starts_with("\r\n");
      if (!is_crlf) append_control(out, c, lines);
    } else if (is_c1_control(text.substr(0, len))) {
      append_control(out, static_cast<unsigned char>(text[1]), lines);
    } else if (len == 1 && c >= 0x80) {
      c < 0xa0 ? append_control(out, c, lines) : append_latin1(out, c);
    } else {
      out += text.substr(0, len);
    }
    text.remove_prefix(len);
  }
  return out;
}

BodyKind body_kind(const http::Message& message, const DecodedBody& body) {
  const std::string_view text = body.text;
  if (text.empty())
    return message.body.empty() || body.state == BodyDecode::kComplete
               ? BodyKind::kEmpty
               : BodyKind::kBinary;  // nothing of it could be decoded
  const std::string type = message_type(message);
  if (is_binary_type(type) || text.find('\0') != std::string_view::npos) return BodyKind::kBinary;
  if (is_utf8(text)) return BodyKind::kText;
  // ISO 8859-1, or UTF-8 that was cut; what is compressed all the same has controls.
  const bool reads = is_text_type(type) && std::all_of(text.begin(), text.end(), is_text_byte);
  return reads ? BodyKind::kText : BodyKind::kBinary;
}

std::string message_type(const http::Message& message) {
  const auto value = http::find_header(message, "content-type");
  return value ? http::media_type(*value) : std::string();
}

}  // namespace qtap::plugin
