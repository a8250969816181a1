// SPDX-License-Identifier: Apache-2.0
// Ids of connections and requests: 20 characters [0-9a-v], sortable by time, unique per host, the
// same again for the same seed and the same sequence of calls.
#pragma once

#include <cstdint>
#include <string>

namespace qtap {

class IdMaker {
 public:
  explicit IdMaker(uint64_t seed) : state_(seed) {}
  std::string next(int64_t time_ns);

 private:
  uint64_t state_;
};

}  // namespace qtap
