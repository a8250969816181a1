// SPDX-License-Identifier: Apache-2.0
// An event: anonymised metadata as one JSON object. Built once, then only its text travels.
// Immutable once handed out.
#pragma once

#include <cstdint>
#include <string>

#include "base/ref.h"

namespace qtap {

struct Event : RefCounted {
  std::string type;  // "connection", "request", "artifact_record"
  std::string json;  // one JSON document without a newline
  std::string connection_id;
  std::string request_id;  // empty for connection events
  int64_t time_ns = 0;     // nanoseconds since 1970 UTC
};

}  // namespace qtap
