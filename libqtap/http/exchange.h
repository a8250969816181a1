// SPDX-License-Identifier: Apache-2.0
// A request and the response to it, and how their bodies pass by while they are read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/direction.h"
#include "base/ref.h"
#include "http/message.h"

namespace qtap::http {

enum class Protocol : uint8_t { kHttp1, kHttp2 };

enum class MessageKind : uint8_t { kRequest = 0, kResponse = 1 };
inline constexpr std::array kMessageKinds = {MessageKind::kRequest, MessageKind::kResponse};
constexpr size_t index(MessageKind kind) {
  return static_cast<size_t>(kind);
}

// Immutable once handed out. Who wants to keep more with it derives from it.
struct Exchange : RefCounted {
  Exchange() = default;
  Exchange(const Exchange&) = default;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  Message& message(MessageKind kind) {
    return kind == MessageKind::kRequest ? static_cast<Message&>(request) : response;
  }
  const Message& message(MessageKind kind) const {
    return kind == MessageKind::kRequest ? static_cast<const Message&>(request) : response;
  }
  bool truncated() const { return request.truncated() || response.truncated(); }

  Protocol framing = Protocol::kHttp1;
  uint32_t stream = 0;  // HTTP/2: its id
  Request request;
  Response response;
};

// Bytes of a body as the parser sees them, after transfer coding. Offsets count what is missing.
struct BodyPiece {
  MessageKind message = MessageKind::kRequest;
  Direction direction = Direction::kSent;
  uint64_t offset = 0;
  std::string_view bytes = {};
  int64_t time_ns = 0;  // when they came
};

struct BodyEnd {
  MessageKind message = MessageKind::kRequest;
  Direction direction = Direction::kSent;
  bool complete = false;                // the end of the message was seen
  std::optional<uint64_t> length = {};  // of the whole body; nullopt: not known
  int64_t time_ns = 0;
};

}  // namespace qtap::http
