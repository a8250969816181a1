// SPDX-License-Identifier: Apache-2.0
// In: both directions of a connection that was joined in the middle, of no known protocol. Out:
// where HTTP/1 provably begins, be it in the middle of a piece. Where the bytes were cut does not
// matter.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "base/direction.h"
#include "base/timed_bytes.h"
#include "http/start_finder.h"

namespace qtap::http {

class LateStart {
 public:
  LateStart() {
    for (StartFinder& finder : finders_) finder.begin_anywhere();
  }

  // True: a start line was found, and take() has it with what came behind it.
  bool add(Direction direction, int64_t time_ns, std::string_view bytes) {
    StartFinder& finder = finders_[index(direction)];
    const size_t used = finder.add(time_ns, bytes);
    if (!finder.has_found()) return false;
    for (size_t side = 0; side < found_.size(); ++side) found_[side] = finders_[side].take();
    found_[index(direction)].append(time_ns, bytes.substr(used));
    return true;
  }

  // The next byte does not follow the last one.
  void lose(Direction direction) { finders_[index(direction)].lose(); }

  // From the start line on; of the other direction what may belong to a start line.
  std::array<TimedBytes, 2> take() { return std::exchange(found_, {}); }

 private:
  std::array<StartFinder, 2> finders_;
  std::array<TimedBytes, 2> found_;
};

}  // namespace qtap::http
