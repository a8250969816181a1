// SPDX-License-Identifier: Apache-2.0
// Bytes from the wire as text that a terminal only shows: it can neither drive it nor forge a line.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "model/decoded_body.h"

namespace qtap::plugin {

enum class Lines : uint8_t {
  kOne,   // a field: newlines and tabs are escaped too
  kMany,  // a body: they stay, CRLF becomes a newline
};

// Control characters are escaped ("\x1b"), bytes that are not UTF-8 are read as ISO 8859-1.
std::string printable(std::string_view text, Lines lines = Lines::kOne);

enum class BodyKind : uint8_t { kEmpty, kText, kBinary };

// By the media types of spec/events-and-objects.md 4, then by the text that `body`, which is the
// message's, holds.
BodyKind body_kind(const http::Message& message, const DecodedBody& body);

// Media type of the Content-Type header without parameters; "" without one.
std::string message_type(const http::Message& message);

}  // namespace qtap::plugin
