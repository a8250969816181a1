// SPDX-License-Identifier: Apache-2.0
// In: both directions of a connection that was joined in the middle, of no known protocol. Out:
// where HTTP provably begins, be it in the middle of a piece. Where the bytes were cut does not
// matter: of several proofs the one that needs the fewest bytes counts.
//
//     proof                                   found        begins with
//     a start line of HTTP/1.x                kHttp1       that line
//     the preface of HTTP/2, whole            kHttp2       the preface
//     frames that H2Boundary proves           kHttp2Late   the first of them
//
// Owned by whoever reads the connection, on its thread. It keeps one unfinished line of a direction
// (at most 32 KiB) and what may still become frames (at most 128 KiB).
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "base/direction.h"
#include "base/timed_bytes.h"
#include "http/detect.h"
#include "http/h2_boundary.h"
#include "http/start_finder.h"

namespace qtap::http {

class LateStart {
 public:
  LateStart();

  // True: a beginning was found, and take() has it with what came behind it.
  bool add(Direction direction, int64_t time_ns, std::string_view bytes);

  // The next byte does not follow the last one.
  void lose(Direction direction);

  Speaks found() const { return found_; }

  // From the beginning on; of the other direction what may belong to one.
  std::array<TimedBytes, 2> take() { return std::exchange(first_, {}); }

 private:
  struct Side {
    StartFinder lines;
    size_t preface = 0;  // how many of its bytes came last
    H2Boundary frames;
    TimedBytes held;  // what `frames` and `preface` need, and some before it
  };
  static TimedBytes held_back(Side& side, size_t bytes);
  void begin(Speaks found, Direction direction, int64_t time_ns, std::string_view bytes,
             size_t used);

  std::array<Side, 2> sides_;
  Speaks found_ = Speaks::kNeedMore;
  std::array<TimedBytes, 2> first_;
};

}  // namespace qtap::http
