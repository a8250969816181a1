// SPDX-License-Identifier: Apache-2.0
// What the readers of gRPC, WebSocket and server-sent events have in common. In: the pieces of one
// body, at offsets that jump over what is missing. Out: StreamMessages, which are counted in the
// transaction and told to MessageEvents as soon as they end. Payloads are kept, up to
// message_buffer for the message at hand, only when somebody wants them
// (MessageLimits::tells_messages).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/stream_message.h"
#include "model/transaction.h"

namespace qtap::proto {

struct MessageLimits {
  bool tells_messages = false;          // somebody wants payloads
  uint64_t message_buffer = 64u << 10;  // capture.message_buffer: of each are kept
};

// All calls come from inside of a parser's.
class MessageEvents {
 public:
  virtual ~MessageEvents() = default;
  // A message has ended. Its payload is there only with MessageLimits::tells_messages. `tx` may be
  // in transfer, or handed out already.
  virtual void on_message(Transaction& tx, const StreamMessage& message) = 0;
  // More of them may come in that direction than are told.
  virtual void on_messages_lost(Transaction& tx, StreamProtocol protocol, Direction direction) = 0;
  // The connection speaks gRPC over HTTP/2.
  virtual void on_grpc() = 0;
  // A peer broke the rules of what is inside of a body.
  virtual void on_message_error() = 0;
  virtual void on_limit() = 0;
};

// One direction of the messages of a transaction, which must outlive it.
class MessageTeller {
 public:
  MessageTeller(Transaction& tx, StreamProtocol protocol, MessageKind part, Direction direction,
                const MessageLimits& limits, MessageEvents& events)
      : tx_(tx),
        protocol_(protocol),
        part_(part),
        direction_(direction),
        limits_(limits),
        events_(events) {}

  // How many bytes of a payload are wanted.
  size_t room() const {
    return limits_.tells_messages ? static_cast<size_t>(limits_.message_buffer) : 0;
  }
  bool is_request() const { return part_ == MessageKind::kRequest; }
  Transaction& transaction() { return tx_; }
  // Says whose message it is, and counts it.
  void tell(StreamMessage message);
  // More messages may come than will be seen.
  void lose();
  void on_error() { events_.on_message_error(); }

 private:
  Transaction& tx_;
  const StreamProtocol protocol_;
  const MessageKind part_;
  const Direction direction_;
  const MessageLimits& limits_;
  MessageEvents& events_;
};

// The beginning of a payload, up to the room that there is.
class PayloadBuffer {
 public:
  explicit PayloadBuffer(size_t room) : room_(room) {}
  void clear() {
    bytes_.clear();
    next_ = 0;
  }
  // Behind a hole nothing is kept: it would not follow what is there.
  void add(uint64_t offset, std::string_view bytes) {
    if (offset == next_) bytes_.append(bytes.substr(0, room_ - bytes_.size()));
    next_ += offset == next_ ? bytes.size() : 0;
  }
  const std::string& bytes() const { return bytes_; }
  std::string& target() { return bytes_; }
  size_t room() const { return room_; }

 private:
  const size_t room_;
  std::string bytes_;
  uint64_t next_ = 0;
};

class BodyReader : public MessageReader {
 public:
  static constexpr uint64_t kUnknownLength = UINT64_MAX;

  void piece(int64_t time_ns, uint64_t offset, std::string_view bytes) {
    if (offset > next_) gap(time_ns, offset - next_);
    next_ = offset + bytes.size();
    data(time_ns, bytes);
  }
  // `length` of the body, when that is known.
  void end(int64_t time_ns, std::optional<uint64_t> length) {
    if (length && *length > next_) gap(time_ns, *length - next_);
    close();
  }

 private:
  virtual void data(int64_t time_ns, std::string_view bytes) = 0;
  virtual void gap(int64_t time_ns, uint64_t len) = 0;
  virtual void close() = 0;

  uint64_t next_ = 0;
};

}  // namespace qtap::proto
