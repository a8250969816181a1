// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/websocket.h"
#include "stream_play.h"

namespace qtap::test {

inline std::string opcode_name(http::WebSocketOpcode opcode) {
  switch (opcode) {
    case http::WebSocketOpcode::kText:
      return "text";
    case http::WebSocketOpcode::kBinary:
      return "binary";
    case http::WebSocketOpcode::kClose:
      return "close";
    case http::WebSocketOpcode::kPing:
      return "ping";
    case http::WebSocketOpcode::kPong:
      return "pong";
    case http::WebSocketOpcode::kContinuation:
      break;
  }
  return "continuation";
}

class WebSocketWriter final : public http::WebSocketSide::Events {
 public:
  void on_message_begin(const http::WebSocketMessage& m) override {
    lines.line(opcode_name(m.opcode) + " " + std::to_string(m.index));
  }
  void on_payload(const http::WebSocketMessage&, uint64_t offset, std::string_view bytes) override {
    lines.piece(offset, bytes);
  }
  void on_message_end(const http::WebSocketMessage& m) override {
    lines.line(std::string("end ") + http::websocket_decoding_name(m.decoding) +
               flag("cut", !m.is_complete) + flag("bad_text", m.is_bad_text) +
               flag("over_limit", m.over_limit) + named("fragments", m.fragments) +
               named("heads", m.head_bytes) + named("wire", m.wire_bytes) +
               named("decoded", m.decoded_bytes) + named("missing", m.missing_bytes) +
               named("first", static_cast<uint64_t>(m.first_ns)) +
               named("last", static_cast<uint64_t>(m.last_ns)));
  }
  void on_control(const http::WebSocketControl& c) override {
    std::string text = opcode_name(c.opcode) + " \"" + escaped(c.payload) + "\"";
    if (c.close_code) {
      text += " code=" + std::to_string(*c.close_code) + " reason=\"" + escaped(c.reason) + "\"";
    }
    lines.line(text + flag("bad", c.is_bad_close) + named("missing", c.missing_bytes) +
               named("first", static_cast<uint64_t>(c.first_ns)) +
               named("last", static_cast<uint64_t>(c.last_ns)));
  }
  void on_fault(http::WebSocketFault fault, uint64_t position) override {
    lines.line(std::string("fault ") + http::websocket_fault_name(fault) + " at " +
               std::to_string(position));
  }
  Lines lines;
};

struct WebSocketSetup {
  http::WebSocketSide::Masking masking = http::WebSocketSide::Masking::kServer;
  std::optional<http::WebSocketDeflate> deflate;
  http::WebSocketLimits limits;
};

inline std::string websocket_transcript(const std::vector<Step>& steps, const WebSocketSetup& setup,
                                        const Cutter& cutter) {
  WebSocketWriter writer;
  http::WebSocketSide side(setup.masking, setup.deflate, setup.limits, writer);
  play_stream(steps, side, cutter);
  const http::WebSocketCounters& c = side.counters();
  writer.lines.line("counted" + named("messages", c.messages) + named("control", c.control_frames) +
                    named("faults", c.faults) + named("limits", c.limits) +
                    named("bad", c.bad_payloads) + named("not_decodable", c.not_decodable) +
                    named("missing", c.missing_bytes) + named("unframed", c.unframed_bytes));
  return writer.lines.take();
}

}  // namespace qtap::test
