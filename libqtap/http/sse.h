// SPDX-License-Identifier: Apache-2.0
// In: the body bytes of a text/event-stream (WHATWG HTML, 9.2) and gaps. Out: its events, each as
// soon as the blank line behind it came. Owned by whoever reads the body, on its thread. Kept: the
// event at hand, up to a limit. Text is as sent; that it is UTF-8 is not checked.
//
// A gap drops the event at hand and all that comes before the next blank line; the event behind
// that is exact again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qtap::http {

struct SseEvent {
  uint64_t index = 0;       // among those told, from 0
  std::string type;         // "message" when none was given
  std::string data;         // its lines, joined by LF
  std::string id;           // the last event id, which stays until another comes
  bool id_is_exact = true;  // false: the id may have changed in what was lost
  bool after_loss = false;  // events directly before it may be missing
  bool over_limit = false;  // something of it is cut off
  uint64_t data_bytes = 0;  // of data, with what is cut off
  uint64_t wire_bytes = 0;  // of the stream, from its first field to its blank line
  int64_t first_ns = 0;     // first byte of its first line that is no comment
  int64_t last_ns = 0;      // end of the blank line
};

struct SseCounters {
  uint64_t events = 0;
  uint64_t comments = 0;
  uint64_t limits = 0;             // events over the limit
  uint64_t losses = 0;             // gaps
  uint64_t missing_bytes = 0;      // in gaps of known length
  uint64_t passed_over_bytes = 0;  // came between a gap and the blank line behind it
  uint64_t unfinished = 0;         // events that had begun when a gap or the end came
};

class SseParser {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    virtual void on_event(const SseEvent& event) = 0;
    // A "retry" field: the time to wait before connecting again. It needs no event.
    virtual void on_retry(int64_t time_ns, uint64_t retry_ms) = 0;
    // Bytes are missing. `had_begun`: and with them an event of which something had come.
    virtual void on_loss(int64_t time_ns, bool had_begun) = 0;
  };
  enum class Start : uint8_t { kAtStart, kJoinedLate };
  // Of a gap whose length nobody knows.
  static constexpr uint64_t kUnknownLength = UINT64_MAX;

  // `event_bytes`: of type and data of one event that are kept; likewise of an id.
  SseParser(Start start, size_t event_bytes, Events& events);
  SseParser(const SseParser&) = delete;
  SseParser& operator=(const SseParser&) = delete;

  void data(int64_t time_ns, std::string_view bytes);
  void gap(int64_t time_ns, uint64_t len);
  // An event without its blank line is none (9.2.6); it is counted.
  void close();

  const SseCounters& counters() const { return counters_; }

 private:
  enum class State : uint8_t {
    kMark,  // a byte order mark may come
    kLine,
    kSeek,  // after a loss: up to a blank line
  };
  size_t add_mark(std::string_view bytes);
  size_t add_line(std::string_view bytes);
  size_t seek(std::string_view bytes);
  void end_line();
  void take_field(std::string_view name, std::string_view value);
  void add_data(std::string_view value);
  void take_id(std::string_view value);
  void take_retry(std::string_view value);
  void dispatch();
  void drop_event();
  void keep(std::string_view bytes);
  void tell_limit();
  std::string_view within_limit(std::string_view value);
  bool has_begun() const { return has_fields_; }

  const size_t event_bytes_;
  Events& events_;
  State state_;
  uint8_t mark_size_ = 0;       // kMark: bytes of it that came
  bool after_cr_ = false;       // a LF that comes now belongs to the CR before it
  bool line_is_blank_ = false;  // kSeek: the line at hand provably has no byte yet
  bool in_gap_ = false;         // no byte came since the last gap
  bool in_comment_ = false;
  bool has_fields_ = false;
  bool over_limit_ = false;
  bool after_loss_ = false;
  bool id_is_exact_ = true;
  int64_t now_ns_ = 0;
  int64_t first_ns_ = 0;
  uint64_t position_ = 0;    // in the stream, of what is being looked at
  uint64_t begin_ = 0;       // of the event at hand, there
  uint64_t data_bytes_ = 0;  // of data_, as if all of it was kept
  uint64_t line_size_ = 0;   // of which line_ has what is kept
  std::string line_;
  std::string type_;
  std::string data_;
  std::string id_;
  SseCounters counters_;
};

}  // namespace qtap::http
