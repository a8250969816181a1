// SPDX-License-Identifier: Apache-2.0
// One HTTP message as it was on the wire: start line, header fields in order, body as far as it was
// kept.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/field_list.h"

namespace qtap::http {

// Why a message is incomplete (spec/events-and-objects.md 3.1, truncated_reason).
enum class Truncation : uint8_t {
  kNone,
  kBodyBuffer,
  kCaptureLoss,
  kMidstream,
  kAborted,
  kIdle,
  kLimit,
  kBudget
};

struct Message {
  FieldList headers;
  FieldList trailers;
  std::string body;  // after transfer coding, before content coding; at most the body buffer
  // Of these: so many come before the first gap in the body. nullopt: nobody noted one, which after
  // a capture loss does not say that there is none.
  std::optional<uint64_t> body_gap;
  uint64_t body_bytes = 0;  // length on the wire as far as known
  uint64_t wire_bytes = 0;  // start line, headers, framing and body
  // Fields among these whose name (then it is empty) or value is not known: references to what was
  // sent before the capture began (HTTP/2).
  uint32_t unknown_fields = 0;
  // HTTP/1: fields that say where the body ends contradict or repeat one another (RFC 9112, 6.1 and
  // 6.3), so that two readers may see two different messages.
  bool framing_conflict = false;
  Truncation truncation = Truncation::kNone;
  std::optional<uint64_t> missing_bytes = 0;  // nullopt: not known
  int64_t start_ns = 0;                       // first byte, nanoseconds since 1970 UTC
  int64_t end_ns = 0;                         // last byte
  bool complete = false;                      // the end of the message was seen

  bool truncated() const { return truncation != Truncation::kNone; }
};

struct Request : Message {
  std::string method;
  std::string target;  // as sent: "/get?x=1", "http://host/path", "host:443", "*"; HTTP/2: `:path`
  bool target_known = true;
  std::string scheme;  // HTTP/2: `:scheme` and `:authority` as sent
  std::string authority;
  std::string protocol;  // `:protocol` of an extended CONNECT (RFC 8441)
  uint8_t version_major = 1;
  uint8_t version_minor = 1;
};

// Interim responses (RFC 9110, 15.2). More than these few serve nobody: 100, 102, 103.
struct Interims {
  uint32_t count = 0;
  std::array<uint16_t, 6> statuses = {};  // of the first; 0: there is none
};
void add_interim(Interims& interims, int status);

struct Response : Message {
  std::optional<int> status;  // nullopt: no response was seen
  std::string reason;
  Interims interims;  // before it
  uint8_t version_major = 1;
  uint8_t version_minor = 1;
};

// The value of the first field of that name, any case; nullopt when there is none. A view into the
// list.
std::optional<std::string_view> find_field(const FieldList& fields, std::string_view name);
inline std::optional<std::string_view> find_header(const Message& message, std::string_view name) {
  return find_field(message.headers, name);
}

const char* truncation_name(Truncation truncation);  // "body_buffer"

// "Not Found" for 404; "" when the code has no registered name (RFC 9110, 15).
const char* status_reason(int status);

}  // namespace qtap::http
