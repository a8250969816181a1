// SPDX-License-Identifier: Apache-2.0
// A transcript that also has the messages inside of HTTP: what conn/ makes of a parser.
#pragma once

#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "../http/transcript.h"
#include "model/transaction.h"
#include "proto/inner_streams.h"

namespace qtap::test {

class MessageTranscript final : public Transcript, private proto::MessageEvents {
 public:
  explicit MessageTranscript(const proto::MessageLimits& limits)
      : limits_(limits), inner_(limits_, *this) {}

  Ref<http::Exchange> make_exchange() override { return Ref<Transaction>::make(); }
  void on_client(Direction client) override {
    inner_.set_client(client);
    Transcript::on_client(client);
  }
  void on_request_head(http::Exchange& exchange) override {
    inner_.on_request_head(of(exchange));
    Transcript::on_request_head(exchange);
  }
  void on_response_head(http::Exchange& exchange) override {
    inner_.on_response_head(of(exchange));
  }
  void on_body(http::Exchange& exchange, const http::BodyPiece& piece) override {
    inner_.on_body(of(exchange), piece);
  }
  void on_body_end(http::Exchange& exchange, const http::BodyEnd& end) override {
    inner_.on_body_end(of(exchange), end);
  }
  std::unique_ptr<http::Parser> make_next(const Ref<http::Exchange>& exchange,
                                          Direction client) override {
    Ref<http::Exchange> shared = exchange;
    return inner_.after_upgrade(ref_cast<Transaction>(std::move(shared)), client);
  }
  void on_exchange(Ref<http::Exchange> exchange) override {
    const Ref<http::Exchange> tx = exchange;
    Transcript::on_exchange(std::move(exchange));
    if (of(*tx).messages) facts(of(*tx));
  }

 private:
  static Transaction& of(http::Exchange& exchange) { return static_cast<Transaction&>(exchange); }
  static const char* arrow(MessageKind part) {
    return part == MessageKind::kRequest ? " > " : " < ";
  }

  void on_message(Transaction&, const StreamMessage& m) override {
    text_ += std::string("message ") + stream_protocol_name(m.protocol) + arrow(m.part) +
             std::to_string(m.index);
    if (m.opcode != 0) text_ += " opcode " + std::to_string(m.opcode);
    if (m.close_code != 0) text_ += " code " + std::to_string(m.close_code);
    if (!m.type.empty()) text_ += " type " + escaped(m.type);
    if (!m.id.empty()) text_ += " id " + escaped(m.id);
    text_ += " \"" + escaped(m.payload) + "\" " + std::to_string(m.length) + " of " +
             std::to_string(m.wire_length) + ", " + std::to_string(m.first_ns / 1000000) + ".." +
             std::to_string(m.last_ns / 1000000) + " ms";
    if (m.missing_bytes != 0) text_ += ", " + std::to_string(m.missing_bytes) + " missing";
    constexpr const char* kFlags[] = {"compressed", "truncated", "incomplete",
                                      "after loss", "undecoded", "bad"};
    for (size_t bit = 0; bit < std::size(kFlags); ++bit) {
      if ((m.flags >> bit & 1) != 0) text_ += std::string(", ") + kFlags[bit];
    }
    text_ += "\n";
  }
  void on_messages_lost(Transaction&, StreamProtocol protocol, Direction direction) override {
    text_ += std::string("messages lost, ") + stream_protocol_name(protocol) +
             (direction == Direction::kSent ? ", sent\n" : ", received\n");
  }
  void on_grpc() override { text_ += "protocol grpc\n"; }
  void on_message_error() override { text_ += "message error\n"; }
  void on_limit() override { Transcript::on_limit(); }

  void facts(const Transaction& tx) {
    const Messages& messages = *tx.messages;
    text_ += std::string("  ") + stream_protocol_name(messages.protocol);
    if (messages.protocol == StreamProtocol::kGrpc) {
      const GrpcFacts& grpc = messages.grpc;
      text_ += " " + escaped(grpc.service) + " " + escaped(grpc.method) + " status ";
      text_ += grpc.status ? std::to_string(*grpc.status) + " " + std::string(grpc.status_name())
                           : "unknown";
      if (!grpc.message.empty()) text_ += " \"" + escaped(grpc.message) + "\"";
      if (tx.protocol == L7Protocol::kGrpc) text_ += ", protocol grpc";
    }
    text_ += "\n";
    for (const MessageKind part : kMessageKinds) {
      const MessageFlow& flow = messages.flow(part);
      if (flow.messages == 0 && !flow.is_lost && !flow.close_code) continue;
      text_ += std::string("  messages") + arrow(part) + std::to_string(flow.messages) + " of " +
               std::to_string(flow.bytes) + " bytes, " + std::to_string(flow.compressed) +
               " compressed" + (flow.is_lost ? ", others lost" : "");
      if (flow.close_code) text_ += ", close " + std::to_string(*flow.close_code);
      if (const auto first = tx.first_message_us(part)) {
        text_ += ", first after " + std::to_string(*first / 1000) + " ms";
      }
      if (const auto gap = flow.max_gap_us()) {
        text_ += ", gaps " + std::to_string(*flow.mean_gap_us() / 1000) + " to " +
                 std::to_string(*gap / 1000) + " ms";
      }
      text_ += "\n";
    }
    text_ += "  listed " + std::to_string(messages.list.size());
    if (messages.left_out > 0) text_ += ", left out " + std::to_string(messages.left_out);
    text_ += "\n";
  }

  const proto::MessageLimits limits_;
  proto::InnerStreams inner_;
};

inline std::string message_transcript(const std::vector<Step>& steps, http::ParserLimits limits,
                                      const proto::MessageLimits& messages, Cutter cutter,
                                      Reader reader) {
  limits.tells_bodies = true;
  limits.may_skip_bodies = !messages.tells_messages;
  MessageTranscript out(messages);
  const std::unique_ptr<http::Parser> parser = make_parser(reader, limits, out);
  play(steps, *parser, cutter);
  return out.text();
}

}  // namespace qtap::test
