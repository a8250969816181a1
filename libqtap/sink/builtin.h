// SPDX-License-Identifier: Apache-2.0
// The sinks that come with the library. Those that print borrow the session's Console, which outlives them.
#pragma once

#include <memory>
#include <string>

#include "sink/console.h"
#include "sink/sink.h"

namespace qtap::sink {

// Events as JSON lines on standard output.
std::unique_ptr<Sink> make_stdout_events(std::string id, Console& console);

// Objects on standard output: JSON ones on one line each. Their form for people comes from http_capture's format.
std::unique_ptr<Sink> make_stdout_objects(std::string id, Console& console);

// Objects as files <dir>/<first two hex digits>/<digest>, mode 0600, written aside and renamed.
// QTAP_ERR_IO: the directory cannot be made or written to.
Result<std::unique_ptr<Sink>> make_file_objects(std::string id, const std::string& dir);

}  // namespace qtap::sink
