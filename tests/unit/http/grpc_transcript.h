// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "http/grpc_frames.h"
#include "stream_play.h"

namespace qtap::test {

class GrpcWriter final : public http::GrpcFrames::Events {
 public:
  void on_message_begin(const http::GrpcMessage& m) override {
    lines.line((m.is_trailers ? "trailers of " : "message " + std::to_string(m.index) + " of ") +
               std::to_string(m.length) + flag("compressed", m.is_compressed) +
               flag("after_loss", m.after_loss));
  }
  void on_payload(const http::GrpcMessage&, uint64_t offset, std::string_view bytes) override {
    lines.piece(offset, bytes);
  }
  void on_message_end(const http::GrpcMessage& m) override {
    lines.line("end" + flag("cut", !m.is_complete) + flag("over_limit", m.over_limit) +
               named("missing", m.missing_bytes) +
               named("first", static_cast<uint64_t>(m.first_ns)) +
               named("last", static_cast<uint64_t>(m.last_ns)));
  }
  void on_trailers(const http::GrpcMessage&, const http::FieldList& fields) override {
    for (const http::Header field : fields) {
      lines.line("  " + escaped(field.name) + "=" + escaped(field.value));
    }
  }
  void on_fault(http::GrpcFault fault, uint64_t position) override {
    lines.line(std::string("fault ") + http::grpc_fault_name(fault) + " at " +
               std::to_string(position));
  }
  Lines lines;
};

inline std::string grpc_transcript(const std::vector<Step>& steps, http::GrpcFrames::Form form,
                                   const http::GrpcLimits& limits, const Cutter& cutter) {
  GrpcWriter writer;
  http::GrpcFrames frames(form, limits, writer);
  play_stream(steps, frames, cutter);
  const http::GrpcCounters& c = frames.counters();
  writer.lines.line("counted" + named("messages", c.messages) + named("faults", c.faults) +
                    named("limits", c.limits) + named("missing", c.missing_bytes) +
                    named("unframed", c.unframed_bytes));
  return writer.lines.take();
}

}  // namespace qtap::test
