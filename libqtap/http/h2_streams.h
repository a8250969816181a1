// SPDX-License-Identifier: Apache-2.0
// The open streams of an HTTP/2 connection, by id, the oldest first. There are few at a time, and
// the one that is looked for is mostly the youngest. A stream stays where it is until it is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/h2_stream.h"

namespace qtap::http {

class H2Streams {
 public:
  bool empty() const { return streams_.empty(); }
  size_t size() const { return streams_.size(); }
  H2Stream& oldest() { return *streams_.front(); }
  H2Stream* find(uint32_t id);
  H2Stream& open(uint32_t id);  // which is not open
  void close(uint32_t id);
  void clear() { streams_ = std::vector<std::unique_ptr<H2Stream>>(); }

  // Calls take(stream) for each whose id is above `id`. It may close that stream, and no other.
  template <typename Take>
  void for_each_above(uint32_t id, Take take) {
    for (size_t at = place_of(id + 1); at < streams_.size();) {
      const uint32_t at_hand = streams_[at]->id;
      take(*streams_[at]);
      if (at < streams_.size() && streams_[at]->id == at_hand) ++at;
    }
  }
  template <typename Take>
  void for_each(Take take) {
    for_each_above(0, take);  // RFC 9113, 5.1.1: 0 is no stream
  }

 private:
  size_t place_of(uint32_t id) const;  // of the first that is not below

  std::vector<std::unique_ptr<H2Stream>> streams_;
};

}  // namespace qtap::http
