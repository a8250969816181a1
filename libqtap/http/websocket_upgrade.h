// SPDX-License-Identifier: Apache-2.0
// What the handshake of WebSocket says: RFC 6455, 4 and 9.1; permessage-deflate of RFC 7692, 7.1.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace qtap::http {

// How one direction compresses.
struct WebSocketDeflate {
  bool takes_over = true;    // the window of one message is used by the next
  uint8_t window_bits = 15;  // 8 to 15: 256 B to 32 KiB
};

struct WebSocketExtensions {
  // false: not as the RFCs have it. A client must fail such a connection; nothing is negotiated.
  bool is_valid = true;
  bool has_others = false;  // an extension that is not known here was agreed on
  bool has_deflate = false;
  WebSocketDeflate client;  // what the client sends; only when has_deflate
  WebSocketDeflate server;
};

// Of the Sec-WebSocket-Extensions of a response; several such fields joined by ",".
WebSocketExtensions websocket_extensions(std::string_view value);

// The Sec-WebSocket-Accept that answers this Sec-WebSocket-Key (4.2.2): base64 of SHA-1 of the key
// and a fixed text. Empty when OpenSSL refuses SHA-1.
std::string websocket_accept(std::string_view key);

// Whether this response agrees to speak WebSocket from here on (4.1, page 19): 101, Upgrade,
// Connection, and the accept that belongs to the key.
bool accepts_websocket(const Request& request, const Response& response);

}  // namespace qtap::http
