// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace qtap::sink {

// Whether "source" or "destination" of a connection event is the local end: the initiator is the
// source, so of a connection that came in the destination is.
inline bool is_local_end(std::string_view end, std::string_view direction) {
  return (end == "source") != (direction == "ingress");
}

}  // namespace qtap::sink
