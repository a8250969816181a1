// SPDX-License-Identifier: Apache-2.0
// The SETTINGS of one peer that matter to who reads the other's frames (RFC 9113, 6.5).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "http/h2_frames.h"

namespace qtap::http {

class H2Settings {
 public:
  // A SETTINGS frame that is no acknowledgement. Its length is a multiple of 6.
  H2Verdict read(std::string_view payload, bool from_server);
  // The other peer has acknowledged the oldest. What of its table sizes applies from here on: the
  // least and the last; nullopt: nothing.
  struct TableSizes {
    uint32_t least;
    uint32_t last;
  };
  std::optional<TableSizes> acknowledge();
  // What was announced is not known any more.
  void lose();

  // The largest frame that it takes, as far as is known. It may have announced less meanwhile.
  uint32_t max_frame() const { return max_frame_; }
  bool over_limit() const { return over_limit_; }

 private:
  std::deque<std::optional<TableSizes>> waiting_;  // not acknowledged yet, the oldest first
  uint32_t max_frame_ = kH2DefaultFrameBytes;
  bool over_limit_ = false;  // of the last frame
};

}  // namespace qtap::http
