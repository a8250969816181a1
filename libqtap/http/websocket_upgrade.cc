// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_upgrade.h"

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/text.h"

namespace qtap::http {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
constexpr size_t kSha1Bytes = 20;

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The part of `text` before `separator`, which stands outside of quotes; `text` becomes the rest.
std::string_view next_part(std::string_view& text, char separator) {
  bool is_quoted = false;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    if (is_quoted && text[end] == '\\') {
      ++end;
    } else if (text[end] == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted && text[end] == separator) {
      break;
    }
  }
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end < text.size() ? end + 1 : text.size());
  return trimmed(part);
}

// RFC 7692, 7.1.2: 8 to 15, no leading zero; as a token or, by RFC 6455, 9.1, quoted.
std::optional<uint8_t> window_bits(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (value.size() == 1 && (value[0] == '8' || value[0] == '9')) {
    return static_cast<uint8_t>(value[0] - '0');
  }
  if (value.size() != 2 || value[0] != '1' || value[1] < '0' || value[1] > '5') return std::nullopt;
  return static_cast<uint8_t>(10 + value[1] - '0');
}

struct Seen {
  bool server_takeover = false;
  bool client_takeover = false;
  bool server_bits = false;
  bool client_bits = false;
};

bool take_bits(bool& seen, std::optional<std::string_view> value, WebSocketDeflate& into) {
  const auto bits = window_bits(value.value_or(std::string_view()));
  if (seen || !bits) return false;
  seen = true;
  into.window_bits = *bits;
  return true;
}

bool take_no_takeover(bool& seen, std::optional<std::string_view> value, WebSocketDeflate& into) {
  if (seen || value) return false;
  seen = true;
  into.takes_over = false;
  return true;
}

// RFC 7692, 7.1: a name that is not known, twice, or with a wrong value is an error.
bool take_parameter(std::string_view text, Seen& seen, WebSocketExtensions& into) {
  std::optional<std::string_view> value;
  const size_t equals = text.find('=');
  if (equals != std::string_view::npos) value = trimmed(text.substr(equals + 1));
  const std::string name = lower(trimmed(text.substr(0, equals)));
  if (name == "server_no_context_takeover") {
    return take_no_takeover(seen.server_takeover, value, into.server);
  }
  if (name == "client_no_context_takeover") {
    return take_no_takeover(seen.client_takeover, value, into.client);
  }
  if (name == "server_max_window_bits") return take_bits(seen.server_bits, value, into.server);
  if (name == "client_max_window_bits") return take_bits(seen.client_bits, value, into.client);
  return false;
}

bool take_deflate(std::string_view parameters, WebSocketExtensions& into) {
  if (into.has_deflate) return false;  // agreed on twice
  into.has_deflate = true;
  Seen seen;
  while (!parameters.empty()) {
    if (!take_parameter(next_part(parameters, ';'), seen, into)) return false;
  }
  return true;
}

// Whether one of the fields of that name lists the word (RFC 9110, 5.6.1).
bool lists(const Message& message, std::string_view name, std::string_view word) {
  for (const Header& header : message.headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      if (equal_ignoring_case(next_part(rest, ','), word)) return true;
    }
  }
  return false;
}

}  // namespace

WebSocketExtensions websocket_extensions(std::string_view value) {
  WebSocketExtensions result;
  while (!value.empty()) {
    std::string_view extension = next_part(value, ',');
    if (extension.empty()) continue;  // RFC 9110, 5.6.1.2: empty elements are ignored
    const std::string_view name = next_part(extension, ';');
    if (!equal_ignoring_case(name, "permessage-deflate")) {
      result.has_others = true;
    } else if (!take_deflate(extension, result)) {
      WebSocketExtensions invalid;
      invalid.is_valid = false;
      return invalid;
    }
  }
  return result;
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(trimmed(key)) + std::string(kGuid);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1 ||
      size != kSha1Bytes) {
    return {};
  }
  std::string accept(base64_size(size) + 1, '\0');
  const char* end = put_base64(accept.data(), {reinterpret_cast<const char*>(digest), kSha1Bytes});
  accept.resize(static_cast<size_t>(end - accept.data()));
  return accept;
}

bool accepts_websocket(const Request& request, const Response& response) {
  const auto key = find_header(request, "Sec-WebSocket-Key");
  const auto accept = find_header(response, "Sec-WebSocket-Accept");
  if (response.status != 101 || !key || !accept) return false;
  if (!lists(response, "Upgrade", "websocket") || !lists(response, "Connection", "Upgrade")) {
    return false;
  }
  const std::string wanted = websocket_accept(*key);
  return !wanted.empty() && trimmed(*accept) == wanted;
}

}  // namespace qtap::http
