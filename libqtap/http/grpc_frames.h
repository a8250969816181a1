// SPDX-License-Identifier: Apache-2.0
// In: the body bytes of one direction of a gRPC call, and gaps. Out: its messages, in pieces.
// Framing is Length-Prefixed-Message of PROTOCOL-HTTP2.md: 1 byte flags, 4 bytes length, payload.
// Owned by whoever reads the body, on its thread; payload pieces are borrowed for the call. Nothing
// of a message is kept, save the trailers of gRPC-Web, up to a limit. Payloads come as sent: the
// owner decompresses those with the flag, as grpc-encoding says.
//
//     state     bytes                     gap                                    ends by
//     kHead     five of them are kept     → kLost: where a message begins is     a whole head
//                                         not known any more
//     kPayload  told                      within it: skipped and marked;         its length
//                                         beyond it: → kLost
//     kDone     → kLost (after trailers)  → kLost                                never
//     kLost     counted                   counted                                resume()
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/base64_stream.h"
#include "http/message.h"

namespace qtap::http {

struct GrpcLimits {
  uint64_t payload_bytes = UINT64_MAX;  // of one message are told; the rest is only counted
  size_t trailer_bytes = 64u << 10;     // of the trailer frame of gRPC-Web are kept
};

struct GrpcMessage {
  uint64_t index = 0;   // among those seen, from 0
  uint32_t length = 0;  // of the payload, as announced
  bool is_compressed = false;
  bool is_trailers = false;    // the trailer frame of gRPC-Web
  bool after_loss = false;     // messages before it were lost: index is not its place in the call
  bool over_limit = false;     // not all of it was told
  bool is_complete = false;    // its end was seen, or lay in a gap of known length
  uint64_t missing_bytes = 0;  // of the payload, in gaps
  int64_t first_ns = 0;        // first byte of the head
  int64_t last_ns = 0;         // last byte
};

enum class GrpcFault : uint8_t {
  kFlags,          // neither 0 nor 1 (gRPC-Web: nor 0x80, 0x81)
  kAfterTrailers,  // bytes behind the trailer frame of gRPC-Web
  kGap,            // over a boundary: what follows cannot be framed
  kBase64,         // no base64, or it ends inside a group
  kCutHead,        // the body ends inside a head
  kCutMessage,     // the body ends inside a message
};
const char* grpc_fault_name(GrpcFault fault);  // "flags"

struct GrpcCounters {
  uint64_t messages = 0;  // begun; the trailer frame is none
  uint64_t faults = 0;
  uint64_t limits = 0;
  uint64_t missing_bytes = 0;   // in gaps of known length, wherever they were
  uint64_t unframed_bytes = 0;  // came after framing was lost
};

class GrpcFrames {
 public:
  enum class Form : uint8_t { kGrpc, kWeb, kWebText };

  class Events {
   public:
    virtual ~Events() = default;
    virtual void on_message_begin(const GrpcMessage& message) = 0;
    virtual void on_payload(const GrpcMessage& message, uint64_t offset,
                            std::string_view bytes) = 0;
    virtual void on_message_end(const GrpcMessage& message) = 0;
    // The trailer frame, when it is not compressed: else it comes as a payload. missing_bytes and
    // over_limit tell whether fields behind these were lost. Before its on_message_end().
    virtual void on_trailers(const GrpcMessage& message, const FieldList& fields) = 0;
    // `position`: offset in the body, before base64 when kBase64. Nothing is told from here on
    // before resume().
    virtual void on_fault(GrpcFault fault, uint64_t position) = 0;
  };

  // Of a gap whose length nobody knows.
  static constexpr uint64_t kUnknownLength = UINT64_MAX;

  GrpcFrames(Form form, const GrpcLimits& limits, Events& events)
      : form_(form), limits_(limits), events_(events) {}
  GrpcFrames(const GrpcFrames&) = delete;
  GrpcFrames& operator=(const GrpcFrames&) = delete;

  void data(int64_t time_ns, std::string_view bytes);
  // `len` bytes of the body (as sent: of base64 when it is that) are missing here.
  void gap(int64_t time_ns, uint64_t len);
  // The body has ended, or nobody looks any more.
  void close();
  // The owner can prove that a message begins with the next byte.
  void resume();

  bool is_framed() const { return state_ != State::kLost; }
  const GrpcCounters& counters() const { return counters_; }

 private:
  enum class State : uint8_t { kHead, kPayload, kDone, kLost };
  static constexpr size_t kHeadBytes = 5;

  void frame(std::string_view bytes);
  void add_head(char c);
  void add_payload(std::string_view bytes);
  void skip_payload(uint64_t len);
  void begin_message();
  void end_message();
  void lose(GrpcFault fault, uint64_t position);
  uint64_t payload_left() const { return message_.length - offset_; }
  bool knows_flags(uint8_t flags) const;
  std::string_view within_limit(std::string_view bytes);

  const Form form_;
  const GrpcLimits limits_;
  Events& events_;
  State state_ = State::kHead;
  Base64Stream base64_;
  bool after_loss_ = false;
  uint8_t head_size_ = 0;
  char head_[kHeadBytes] = {};
  int64_t now_ns_ = 0;
  uint64_t sent_bytes_ = 0;  // of the body as sent
  uint64_t position_ = 0;    // in the body, after base64
  uint64_t offset_ = 0;      // in the payload
  GrpcMessage message_;
  std::string trailers_;
  GrpcCounters counters_;
};

}  // namespace qtap::http
