// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "http/sse.h"
#include "stream_play.h"

namespace qtap::test {

class SseWriter final : public http::SseParser::Events {
 public:
  void on_event(const http::SseEvent& e) override {
    lines.line("event " + std::to_string(e.index) + " " + escaped(e.type) + " \"" +
               escaped(e.data) + "\" id=\"" + escaped(e.id) + "\"" +
               flag("id_unsure", !e.id_is_exact) + flag("after_loss", e.after_loss) +
               flag("over_limit", e.over_limit) +
               named("first", static_cast<uint64_t>(e.first_ns)) +
               named("last", static_cast<uint64_t>(e.last_ns)));
  }
  void on_retry(int64_t, uint64_t retry_ms) override {
    lines.line("retry " + std::to_string(retry_ms));
  }
  void on_loss(int64_t, bool had_begun) override {
    lines.line("loss" + flag("had_begun", had_begun));
  }
  Lines lines;
};

inline std::string sse_transcript(const std::vector<Step>& steps, http::SseParser::Start start,
                                  size_t event_bytes, const Cutter& cutter) {
  SseWriter writer;
  http::SseParser parser(start, event_bytes, writer);
  play_stream(steps, parser, cutter);
  const http::SseCounters& c = parser.counters();
  writer.lines.line("counted" + named("events", c.events) + named("comments", c.comments) +
                    named("limits", c.limits) + named("losses", c.losses) +
                    named("missing", c.missing_bytes) + named("passed", c.passed_over_bytes) +
                    named("unfinished", c.unfinished));
  return writer.lines.take();
}

}  // namespace qtap::test
