// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket.h"

#include <utility>

namespace qtap::proto {

WebSocketParser::WebSocketParser(Direction client, Ref<Transaction> tx, const MessageLimits& limits,
                                 MessageEvents& events)
    : client_direction_(client),
      tx_(std::move(tx)),
      client_({*tx_, StreamProtocol::kWebSocket, MessageKind::kRequest, client, limits, events},
              websocket_deflates(tx_->response).client),
      server_({*tx_, StreamProtocol::kWebSocket, MessageKind::kResponse, opposite(client), limits,
               events},
              websocket_deflates(tx_->response).server) {}

void WebSocketParser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  reader(direction).data(time_ns, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void WebSocketParser::close(int64_t, http::Truncation) {
  client_.close();
  server_.close();
}

}  // namespace qtap::proto
