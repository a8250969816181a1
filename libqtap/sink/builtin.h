// SPDX-License-Identifier: Apache-2.0
// The sinks that come with the library. Those that print borrow the session's Console, which
// outlives them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sink/console.h"
#include "sink/sink.h"

namespace qtap::sink {

// Events as JSON lines on standard output.
std::unique_ptr<Sink> make_stdout_events(std::string id, Console& console);

struct EventFileOptions {
  std::string path;
  uint64_t rotate_bytes = 100u << 20;
  int64_t rotate_age_ns = 0;  // 0: at any age
  uint32_t rotate_keep = 5;
  enum class Sync : uint8_t { kNever, kInterval, kAlways } sync = Sync::kInterval;
};

// Events as JSON lines in a file, mode 0600, which is renamed when it is full. Only whole lines are
// left in it: what a full disk cuts is taken back. QTAP_ERR_IO: it cannot be made or written to.
Result<std::unique_ptr<Sink>> make_file_events(std::string id, EventFileOptions options);

// Objects on standard output, one JSON document a line. An http_transaction is not printed here but
// by http_capture, which knows the form that its `format` asks for (plugin::Output::emit_console);
// here it only counts as stored, unless standard output is gone.
std::unique_ptr<Sink> make_stdout_objects(std::string id, Console& console,
                                          DigestKind digest = DigestKind::kSha256);

struct FileObjectsOptions {
  bool bodies = false;  // also bodies in transfer
  DigestKind digest = DigestKind::kSha256;
  uint64_t max_bytes = 0;  // of all object files, without `bodies`; 0 = no limit
  int64_t max_age_ns = 0;  // the same
};

// Objects as files <dir>/<first two hex digits>/<digest>, mode 0600, written aside and renamed.
// `bodies`: also bodies in transfer, as files <dir>/bodies/<transaction id>.request and .response.
// QTAP_ERR_IO: the directory cannot be made or written to.
Result<std::unique_ptr<Sink>> make_file_objects(std::string id, const std::string& dir,
                                                const FileObjectsOptions& options = {});

}  // namespace qtap::sink
