// SPDX-License-Identifier: Apache-2.0
// One direction of an HTTP/1 connection: bytes and gaps in, messages out. Framing is llhttp's; what this adds is what an
// observer needs: exact message ends, gaps inside bodies, and the way back after a loss.
//
//     state     bytes                        gap                           ends by
//     kParse    llhttp                       known body: skipped, marked   error or gap elsewhere → kResync
//                                            elsewhere: message cut short
//     kHold     kept (bounded)               what is kept is dropped       the owner: release() or tunnel()
//     kResync   searched for a start line    partial line dropped          a whole start line → kParse
//     kTunnel   ignored                      ignored                       never
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "proto/parser.h"

namespace qtap::proto {

class Http1Side {
 public:
  // How the body of a response is framed, which depends on its request (RFC 9112, 6.3).
  enum class Body : uint8_t { kAsFramed, kNone, kTunnel };

  class Events {
   public:
    virtual ~Events() = default;
    // A message begins: where its parts go. It must live until on_message_end.
    virtual http::Message& on_message_begin(Http1Side& side) = 0;
    // The head is complete; start_line() and status() tell what it says. May move the message elsewhere (set_message).
    virtual Body on_head(Http1Side& side) = 0;
    // The message is over: complete, or truncated and marked.
    virtual void on_message_end(Http1Side& side) = 0;
    // Bytes that may belong to another protocol follow (CONNECT, Upgrade): the side holds them.
    virtual void on_upgrade(Http1Side& side) = 0;
    virtual void on_side_error() = 0;
    virtual void on_side_limit() = 0;
  };

  Http1Side(llhttp_type_t type, const ParserLimits& limits, Events& events);
  Http1Side(const Http1Side&) = delete;
  Http1Side& operator=(const Http1Side&) = delete;

  void data(int64_t time_ns, std::string_view bytes);
  // Returns true when the gap was inside a body of known extent: the order of messages is still certain.
  bool gap(int64_t time_ns, uint64_t len);
  // `at_end`: the stream really ended, which completes a close-delimited body.
  void close(int64_t time_ns, http::Truncation reason, bool at_end);

  void release();  // kHold: what was held is HTTP after all
  void tunnel();   // the rest is another protocol

  const std::string& start_text() const { return start_text_; }  // request target, or reason phrase
  std::string_view method() const;
  int status() const { return parser_.status_code; }
  uint8_t version_major() const { return parser_.http_major; }
  uint8_t version_minor() const { return parser_.http_minor; }
  bool is_response() const { return parser_.type == HTTP_RESPONSE; }
  bool in_message() const { return message_ != nullptr; }
  void set_message(http::Message& message) { message_ = &message; }

 private:
  enum class State : uint8_t { kParse, kHold, kResync, kTunnel };
  // Room for what a client sends before it has read the answer to CONNECT or Upgrade.
  static constexpr size_t kMaxHeld = 64u << 10;

  static llhttp_settings_t make_settings();
  void feed(std::string_view bytes);
  void resync(std::string_view bytes);
  void resume(size_t offset);
  void begin_resync();
  void cut_short(http::Truncation reason);
  void end_message();
  void add_missing(uint64_t len);
  uint64_t known_body_left() const;
  bool count_head_bytes(size_t len);

  int on_begin();
  int on_headers_complete();
  int on_message_complete();
  int on_field(const char* at, size_t len);
  int on_value(const char* at, size_t len);
  int on_body(const char* at, size_t len);

  llhttp_t parser_ = {};
  const ParserLimits& limits_;
  Events& events_;
  State state_ = State::kResync;
  bool fresh_ = true;          // no byte of this side was seen yet
  bool at_line_start_ = true;  // kResync: held_ begins a line
  bool in_body_ = false;
  bool in_chunk_ = false;
  bool filling_ = false;       // bytes that stand for a gap are being fed
  bool value_open_ = false;    // the last header has a value already: the next field byte begins a new one
  bool over_limit_ = false;
  int64_t now_ns_ = 0;
  int64_t line_ns_ = 0;        // when the first byte of held_ came
  size_t head_bytes_ = 0;
  std::string start_text_;
  std::string held_;           // kHold, kResync: bytes that are not used yet
  http::Message* message_ = nullptr;
};

}  // namespace qtap::proto
