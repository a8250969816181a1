// SPDX-License-Identifier: Apache-2.0
// Transactions as people read them: spec/events-and-objects.md 3.3 and 4. Shows traffic: for the
// user's own terminal.
#pragma once

#include <string>

#include "model/transaction.h"
#include "plugin/plugin.h"

namespace qtap::plugin {

// "■ curl → GET https://api.example.com/get?x=1 200 OK  27 ms  ↑512 B ↓2.0 KB" and a newline.
std::string access_line(const Transaction& tx, bool colour);

// The line in a box with process, network and headers; kFull: and the bodies.
std::string access_box(const Transaction& tx, Level level, bool colour);

// One JSON document and a newline.
std::string access_json(const Transaction& tx, Level level);

// The blocks that http_capture prints with format: text.
std::string capture_blocks(const Transaction& tx, Level level);

// "Truncated: capture_loss, 5 bytes missing"; "" for a message that is complete.
std::string incomplete_text(const http::Message& message);

// "Decoding: corrupt, gzip: ..."; "" when all of the message's body was decoded that was captured.
std::string decoding_text(const http::Message& message, const DecodedBody& body);

}  // namespace qtap::plugin
