// SPDX-License-Identifier: Apache-2.0
// In: the messages that readers (proto/) find inside of bodies and behind upgrades: gRPC,
// WebSocket, server-sent events. Out: what a transaction says of them. Owned by the transaction and
// filled while it is in transfer, on the shard's thread. Each message passes by once, borrowed;
// kept are counts and a list of the first kMaxListed, without payloads. What comes later is
// counted (left_out).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "http/grpc.h"
#include "model/body_chunk.h"
#include "model/record.h"

namespace qtap {

enum class StreamProtocol : uint8_t { kNone, kGrpc, kWebSocket, kSse };
const char* stream_protocol_name(StreamProtocol protocol);  // "websocket"

// The numbers are those of the C ABI (qtap/session.h).
enum MessageFlag : uint32_t {
  kMessageCompressed = 1,  // on the wire
  kMessageTruncated = 2,   // the payload that is told is not all of it
  kMessageIncomplete = 4,  // its end did not come, or bytes of it are missing
  kMessageAfterLoss = 8,   // messages right before it may be missing
  kMessageUndecoded = 16,  // compression that could not be undone: the payload is as sent, or empty
  kMessageBad = 32,        // breaks its protocol: text that is no UTF-8, damaged compression, ...
};

// Borrowed for the call that tells it.
struct StreamMessage {
  StreamProtocol protocol = StreamProtocol::kNone;
  MessageKind part = MessageKind::kRequest;  // kRequest: the client sent it
  Direction direction = Direction::kSent;
  uint8_t opcode = 0;        // WebSocket (RFC 6455, 5.2); else 0
  uint16_t close_code = 0;   // of a WebSocket close frame that has one
  uint32_t flags = 0;        // bits of MessageFlag
  uint64_t index = 0;        // of this direction, among those seen; control frames are not counted
  uint64_t length = 0;       // of the payload, decompressed as far as that is possible
  uint64_t wire_length = 0;  // of the payload as sent
  uint64_t missing_bytes = 0;  // of wire_length
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  std::string_view type = {};  // of a server-sent event; else empty
  std::string_view id = {};    // the same: the last event id
  std::string_view payload = {};

  bool is_control() const { return opcode >= 8; }
};

// One direction.
struct MessageFlow {
  uint64_t messages = 0;
  uint64_t bytes = 0;  // of their payloads as sent
  uint64_t compressed = 0;
  bool is_lost = false;  // more may have come than were seen
  std::optional<uint16_t> close_code;
  int64_t first_end_ns = 0;  // when the first one was there
  int64_t last_end_ns = 0;
  int64_t max_gap_ns = 0;  // between the ends of two that follow one another

  std::optional<uint64_t> count() const { return is_lost ? std::nullopt : std::optional(messages); }
  std::optional<uint64_t> total_bytes() const {
    return is_lost ? std::nullopt : std::optional(bytes);
  }
  // Microseconds; nullopt with fewer than two.
  std::optional<uint64_t> max_gap_us() const;
  std::optional<uint64_t> mean_gap_us() const;
};

struct MessageSummary {
  MessageKind part = MessageKind::kRequest;
  uint8_t opcode = 0;
  uint32_t flags = 0;
  uint64_t size = 0;  // of the payload as sent
  int64_t first_ns = 0;
  int64_t last_ns = 0;
};

struct GrpcFacts {
  http::GrpcKind kind = http::GrpcKind::kNone;
  std::string service;
  std::string method;
  std::optional<uint32_t> status;
  std::string message;

  std::string_view status_name() const { return status ? http::grpc_status_name(*status) : ""; }
};

// Reads one body while it is in transfer; proto/ knows how.
class MessageReader {
 public:
  virtual ~MessageReader() = default;
};

struct Messages : RefCounted {
  static constexpr size_t kMaxListed = 100;  // 48 bytes each

  StreamProtocol protocol = StreamProtocol::kNone;
  GrpcFacts grpc;
  std::array<MessageFlow, 2> flows;                       // by MessageKind
  std::vector<MessageSummary> list;                       // in the order in which they ended
  uint64_t left_out = 0;                                  // of the list
  std::array<std::unique_ptr<MessageReader>, 2> readers;  // while the bodies are in transfer

  MessageFlow& flow(MessageKind part) { return flows[index(part)]; }
  const MessageFlow& flow(MessageKind part) const { return flows[index(part)]; }
};

// False: it is the first one for which the list has no room.
bool count_message(Messages& messages, const StreamMessage& message);

}  // namespace qtap
