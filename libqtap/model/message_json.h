// SPDX-License-Identifier: Apache-2.0
// What events and objects say of gRPC, WebSocket and server-sent events: counts, sizes, times;
// docs/streams.md has the names. Payloads are in neither.
#pragma once

#include "base/json_writer.h"
#include "model/connection.h"
#include "model/transaction.h"

namespace qtap {

// Members of a request event; none when nothing of that kind is in the transaction.
void write_message_counts(JsonWriter& json, const Transaction& tx);
// Members of an http_transaction object: `grpc`, `sse` or `websocket`, and the list of messages.
void write_messages(JsonWriter& json, const Transaction& tx);
// `websocket` of a connection event.
void write_websocket_totals(JsonWriter& json, const WebSocketTotals& totals);

}  // namespace qtap
