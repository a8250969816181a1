// SPDX-License-Identifier: Apache-2.0
// What an observer knows of one stream of an HTTP/2 connection.
#pragma once

#include <cstdint>
#include <optional>

#include "http/exchange.h"

namespace qtap::http {

enum class H2Part : uint8_t { kRequest, kResponse };

struct H2Half {
  bool has_head = false;        // of a response: the final one, as far as is known
  bool status_unknown = false;  // so that may have been an interim one
  bool ended = false;           // END_STREAM
  bool lost = false;            // frames of it may be missing
  bool may_lack_head = false;   // a loss came before its first frame
  uint64_t body_bytes = 0;      // with those that are known to be missing
  uint64_t wire_bytes = 0;      // its frames: headers, payload, padding
  std::optional<uint64_t> content_length;
};

struct H2Stream {
  uint32_t id = 0;
  bool is_pushed = false;
  bool is_head = false;  // the request's method is HEAD: the response has no body
  H2Half request;
  H2Half response;
  // Not the connection's: H2Parser keeps what it knows of the stream here.
  Ref<Exchange> exchange;
  Truncation answer_lost = Truncation::kNone;  // a loss came before its head
  uint64_t wire_before = 0;                    // of the request, before the upgrade

  H2Half& half(H2Part part) { return part == H2Part::kRequest ? request : response; }
  const H2Half& half(H2Part part) const { return part == H2Part::kRequest ? request : response; }
};

}  // namespace qtap::http
