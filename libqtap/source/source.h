// SPDX-License-Identifier: Apache-2.0
// In: a kernel, a recording or the caller's bytes. Out: Record, one at a time, in order.
// The session owns the source and calls it from the thread that polls; nothing here is shared with
// other threads. What cannot be delivered is counted by the source and told as a kLoss record, so
// that recordings hold it too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/record.h"

namespace qtap::source {

// Facts about the machine and the run that records need to be read with; saved at the head of a
// recording, so that a replay gives the same ids and times.
struct Origin {
  int64_t boot_to_unix_ns = 0;  // add to a record's time to get nanoseconds since 1970 UTC
  uint64_t id_seed = 0;         // seeds connection and request ids
  std::string hostname;
  std::string instance;  // names this run of the agent
};

// Receives each record.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // False: stop after this record; poll() returns, and the next one goes on with the next record.
  virtual bool on_record(const Record& record) = 0;
};

class Source {
 public:
  virtual ~Source() = default;

  virtual const Origin& origin() const = 0;

  // Starts delivery. What could not be attached, while something could, is told by warnings().
  virtual Status start() = 0;

  // Delivers what is there now, at most max_records, without blocking; returns how many were
  // delivered. A damaged record is an error that holds its position; the next call goes on behind
  // it where that is possible.
  virtual Result<int> poll(RecordSink& sink, int max_records) = 0;

  // Whether what comes now is held until poll() fetches it, for some time at least, so that nothing
  // is lost when the caller does something else first.
  virtual bool has_room() const { return true; }

  // Readable when poll() has something to do; -1: always ready (replay, feed).
  virtual int fd() const = 0;

  // The consumer may call skip() from inside on_record().
  virtual void expect_skips() {}
  // Of this stream (or conn_key: the socket's own bytes), bytes before the offset `until` need not
  // come; some still may. What is left out is told by Record::filtered or, as `cause` says,
  // Record::over_budget.
  virtual void skip(uint64_t /*stream_id*/, Direction /*direction*/, uint64_t /*until*/,
                    SkipCause /*cause*/) {}

  // No record will ever come again (end of a recording).
  virtual bool exhausted() const = 0;

  // Stops new records; poll() may be called until it returns 0 to get what is left.
  virtual void stop() = 0;

  // What could not be attached so far, one line each; empty = everything that was asked for.
  virtual std::vector<std::string> warnings() const { return {}; }

  // What is attached, one line each, for people ("openssl: /usr/lib/.../libssl.so.3 (4
  // functions)").
  virtual std::vector<std::string> attached() const { return {}; }

  // How many lines both have together. They grow while a capture runs, and this is cheap enough to
  // ask after each poll().
  virtual size_t attach_lines() const { return 0; }
};

}  // namespace qtap::source
