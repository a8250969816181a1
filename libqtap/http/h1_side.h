// SPDX-License-Identifier: Apache-2.0
// One direction of an HTTP/1 connection: bytes and gaps in, messages out. Framing is llhttp's; what
// this adds is what an observer needs: exact message ends, gaps inside bodies, and the way back
// after a loss.
//
//     state     bytes                       gap                           ends by
//     kSearch   a start line is looked for  the line at hand is dropped   found → kParse
//     kParse    llhttp                      known body: skipped, marked   error, other gap →
//     kSearch
//                                           elsewhere: message cut short  upgrade → kHold
//     kHold     kept (bounded)              what follows is counted only  owner: release(),
//                                                                         tunnel()
//     kTunnel   told                        ignored                       never
#pragma once

#include <llhttp.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/chunk_line.h"
#include "http/message.h"
#include "http/parser.h"
#include "http/start_finder.h"

namespace qtap::http {

class H1Side {
 public:
  enum class Body : uint8_t { kAsFramed, kNone };
  // What a gap may have taken beside body bytes.
  enum class Loss : uint8_t {
    kNone,
    kMessageEnd,    // the end of a known message, and whole messages behind it
    kMessageStart,  // surely the beginning of a message, and whole messages behind it
  };

  class Events {
   public:
    virtual ~Events() = default;
    // A message begins: where its parts go. It must live until on_message_end.
    virtual Message& on_message_begin(H1Side& side) = 0;
    // The head is complete; start_text(), method() and status() tell what it says. The message may
    // be moved elsewhere (set_message).
    virtual Body on_head(H1Side& side) = 0;
    // Bytes of its body, at this offset in it, before the message keeps them.
    virtual void on_body(H1Side& side, uint64_t offset, std::string_view bytes) = 0;
    // The message is over: complete, or truncated and marked.
    virtual void on_message_end(H1Side& side) = 0;
    // Bytes behind the last message: of another protocol (tunnel()).
    virtual void on_tunnelled(H1Side& side, int64_t time_ns, std::string_view bytes) = 0;
    // At this offset of the direction; `reason` lives forever.
    virtual void on_side_error(H1Side& side, uint64_t offset, const char* reason) = 0;
    virtual void on_side_limit() = 0;
  };

  H1Side(llhttp_type_t type, const ParserLimits& limits, Events& events);
  H1Side(const H1Side&) = delete;
  H1Side& operator=(const H1Side&) = delete;

  // The first byte will be that of a message.
  void begin() { state_ = State::kParse; }
  // Goes on where a search for either kind of start line stands, after so many bytes.
  void adopt(StartFinder&& finder, uint64_t offset);

  void data(int64_t time_ns, std::string_view bytes);
  Loss gap(int64_t time_ns, uint64_t len, Truncation reason);
  void keep_bodies(bool keep) { keeps_bodies_ = keep; }
  // Body bytes that did not come because nobody wanted them; returns how many of `len` were body.
  uint64_t skipped(int64_t time_ns, uint64_t len);
  // How many of the next bytes are surely body, of which nothing but the length is needed.
  uint64_t unwanted() const;
  // `at_end`: the stream really ended, which completes a close-delimited body.
  void close(Truncation reason, bool at_end);

  // A field of `message` whose value has not ended is none.
  void drop_half_field(Message& message);

  bool holds() const { return state_ == State::kHold; }
  void release();  // kHold: what was held is HTTP after all
  void tunnel();   // the rest is another protocol, also what was held
  // Bytes that are missing behind what was held; 0: none are.
  uint64_t lost_held() const { return lost_held_; }
  // Where, in the direction, what tunnel() tells begins.
  uint64_t tunnel_offset() const { return offset_ - lost_held_ - held_.size(); }

  const std::string& start_text() const { return start_text_; }  // request target, reason phrase
  std::string_view method() const;
  int status() const { return parser_.status_code; }
  uint8_t version_major() const { return parser_.http_major; }
  uint8_t version_minor() const { return parser_.http_minor; }
  bool is_response() const { return type_ == HTTP_RESPONSE; }
  bool in_message() const { return message_ != nullptr; }
  bool has_start_line() const { return has_start_line_; }
  bool has_head() const { return in_body_; }
  bool is_broken() const { return is_broken_; }  // the message that ends broke the rules
  // The length of the body of the message that is over; nullopt: not known.
  std::optional<uint64_t> body_length() const {
    return knows_body_length_ ? std::optional(body_length_) : std::nullopt;
  }
  void set_message(Message& message) { message_ = &message; }

 private:
  enum class State : uint8_t { kSearch, kParse, kHold, kTunnel };
  static constexpr uint64_t kUntilClose = UINT64_MAX;  // known_body_left()
  static llhttp_settings_t make_settings();
  static llhttp_t make_parser(llhttp_type_t type);
  size_t feed(std::string_view bytes);
  size_t feed_llhttp(std::string_view bytes);
  size_t feed_chunk_line(std::string_view bytes);
  size_t feed_method(std::string_view bytes);
  void count(std::string_view used);
  void on_error(const char* reason);
  void search_on(Truncation reason);
  void resume();
  void hold(std::string_view bytes);
  void restart();
  void end_message();
  void cut_short(Truncation reason);
  uint64_t skip_body(uint64_t len, bool is_lost);
  void add_missing(uint64_t len);
  uint64_t known_body_left() const;
  bool is_chunked() const { return (parser_.flags & F_CHUNKED) != 0; }
  size_t take_room(size_t len);
  void tell_limit();
  void open_field();
  FieldList& fields_of(Message& message) const;
  FieldList& fields() { return fields_of(*message_); }

  int on_begin();
  int on_start_line();
  int on_start_text(const char* at, size_t len);
  int on_version(const char* at);
  char byte_before(const char* at, size_t distance) const;
  void take_method_of_rtsp();
  int on_field(const char* at, size_t len);
  int on_field_complete();
  int take_space_of_name(std::string_view name);
  int on_value(const char* at, size_t len);
  void look_for_nul(const char* at, size_t len);
  int on_value_complete();
  int on_headers_complete();
  int take_content_length();
  void settle_framing();
  int refuse(const char* reason);
  int on_body(const char* at, size_t len);

  const llhttp_type_t type_;
  const ParserLimits& limits_;
  Events& events_;
  llhttp_t parser_ = {};
  StartFinder finder_;

  State state_ = State::kSearch;
  bool has_start_line_ = false;
  bool has_target_ = false;  // of a request, or its first bytes
  char protocol_ = '\0';     // of a request: the third byte of its name; 0: not read yet
  bool in_body_ = false;
  bool in_chunk_ = false;
  bool at_chunk_line_ = false;  // the next byte is of the line before a chunk
  bool at_method_ = false;      // the next byte is of a method that llhttp does not know
  bool field_open_ = false;     // the last field's value has not ended
  bool has_nul_ = false;        // in the value at hand
  bool has_name_ = false;       // the field whose name is read
  bool after_space_ = false;    // the first field
  bool over_limit_ = false;     // of header_bytes: the head has more
  bool limit_told_ = false;
  bool has_length_ = false;         // content_length_
  bool knows_body_length_ = false;  // body_length_
  bool keeps_bodies_ = true;
  Truncation gap_reason_ = Truncation::kCaptureLoss;  // while a gap is filled
  bool filling_ = false;                              // a byte that stands for a gap is being fed
  std::array<char, 3> before_piece_ = {};             // the bytes before what llhttp reads
  bool is_broken_ = false;
  uint64_t lost_held_ = 0;  // kHold: bytes that came or should have come behind what is held
  int64_t now_ns_ = 0;
  uint64_t offset_ = 0;     // in the direction, of the next byte, gaps included
  uint64_t head_room_ = 0;  // bytes of the head that may still be kept
  uint64_t body_length_ = 0;
  uint64_t content_length_ = 0;    // as the fields of the head say
  const char* refusal_ = nullptr;  // why a callback refused
  const char* piece_ = nullptr;    // what llhttp reads
  const char* piece_end_ = nullptr;
  const char* nul_free_end_ = nullptr;  // of the piece: no NUL is in a value before
  std::string_view name_;  // of a field that is not in the list yet: in what llhttp reads
  ChunkLine chunk_line_;
  std::string first_bytes_;   // of a request whose method is not complete
  std::string other_method_;  // one that llhttp does not know
  std::string start_text_;
  TimedBytes held_;  // kHold
  Message* message_ = nullptr;
};

}  // namespace qtap::http
