// SPDX-License-Identifier: Apache-2.0
// In: bytes of a stream whose framing is not known. Out: where a message provably begins.
// Owned by one side of a parser, on the shard's thread. It keeps at most one unfinished line; what
// is passed over is dropped: nobody knows to which message it belongs.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/timed_bytes.h"
#include "http/start_line.h"

namespace qtap::http {

class StartFinder {
 public:
  // kNone: a start line of either kind.
  void want(StartLine wanted) { wanted_ = wanted; }

  // Returns how many bytes were used. It stops early when a message was found: that begins with
  // take() and goes on with the bytes that were not used.
  size_t add(int64_t time_ns, std::string_view bytes);
  bool has_found() const { return found_ != StartLine::kNone; }
  StartLine found() const { return found_; }
  TimedBytes take();

  // The first byte to come is not the first of its stream, though nothing is known to be lost: a
  // system call seldom begins within a word.
  void begin_anywhere() { at_stream_start_ = false; }
  // The next byte does not follow the last one, or that one was no HTTP.
  void lose();
  bool at_stream_start() const { return at_stream_start_; }

 private:
  size_t add_first(int64_t time_ns, std::string_view bytes);
  size_t add_lines(int64_t time_ns, std::string_view bytes);
  bool find_in_line();

  StartLine wanted_ = StartLine::kNone;
  StartLine found_ = StartLine::kNone;
  // The very first bytes need less proof: there is nothing that they could be the middle of.
  bool at_stream_start_ = true;
  bool after_loss_ = false;   // the line may lack its beginning
  bool is_line_cut_ = false;  // the line was too long: its first bytes are gone
  TimedBytes line_;
};

}  // namespace qtap::http
