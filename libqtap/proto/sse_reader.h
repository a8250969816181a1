// SPDX-License-Identifier: Apache-2.0
// The events of a text/event-stream, also where the body is compressed.
#pragma once

#include <optional>
#include <string_view>

#include "http/content_decoder.h"
#include "http/sse.h"
#include "proto/message_reader.h"

namespace qtap::proto {

class SseReader final : public BodyReader, private http::SseParser::Events {
 public:
  // `codings`: of the body (http::body_codings()), "" without one.
  SseReader(const MessageTeller& teller, std::string_view codings);

 private:
  void data(int64_t time_ns, std::string_view bytes) override;
  void gap(int64_t time_ns, uint64_t len) override;
  void close() override { parser_.close(); }

  void on_event(const http::SseEvent& event) override;
  void on_retry(int64_t, uint64_t) override {}
  void on_loss(int64_t, bool) override { lose(); }
  void lose();

  MessageTeller teller_;
  http::SseParser parser_;
  std::optional<http::ContentDecoder> decoder_;
  bool is_readable_ = true;  // false: a coding that is not known, or whose bytes were lost
  bool is_lost_ = false;
};

}  // namespace qtap::proto
