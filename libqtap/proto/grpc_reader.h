// SPDX-License-Identifier: Apache-2.0
// The messages of one direction of a gRPC call. Each one with the compressed flag is undone by
// itself, as grpc-encoding says, when somebody wants its payload.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/content_decoder.h"
#include "http/grpc_frames.h"
#include "proto/message_reader.h"

namespace qtap::proto {

class GrpcReader final : public BodyReader, private http::GrpcFrames::Events {
 public:
  GrpcReader(const MessageTeller& teller, http::GrpcKind kind, std::string encoding);

 private:
  void data(int64_t time_ns, std::string_view bytes) override { frames_.data(time_ns, bytes); }
  void gap(int64_t time_ns, uint64_t len) override { frames_.gap(time_ns, len); }
  void close() override { frames_.close(); }

  void on_message_begin(const http::GrpcMessage& message) override;
  void on_payload(const http::GrpcMessage& message, uint64_t offset,
                  std::string_view bytes) override;
  void on_message_end(const http::GrpcMessage& message) override;
  void on_trailers(const http::GrpcMessage& message, const http::FieldList& fields) override;
  void on_fault(http::GrpcFault fault, uint64_t position) override;

  void finish_decoding(StreamMessage& told);
  void finish_trailers(const http::GrpcMessage& message);

  MessageTeller teller_;
  const std::string encoding_;
  http::GrpcFrames frames_;
  PayloadBuffer payload_;
  std::string trailers_;                         // of a compressed trailer frame
  std::optional<http::ContentDecoder> decoder_;  // of the message at hand
};

}  // namespace qtap::proto
