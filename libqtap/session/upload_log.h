// SPDX-License-Identifier: Apache-2.0
// The lines about what a store has uploaded, of which there may be many: each tells one object, a
// few in a second; then how many more there were (spec/config.md 6.3). Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::session {

class UploadLog {
 public:
  static constexpr uint32_t kPerSecond = 10;

  explicit UploadLog(std::string store_id) : store_id_(std::move(store_id)) {}

  // What is to be told now. `now_ns`: of a clock that never goes back.
  std::vector<std::string> uploaded(std::string_view where, int64_t now_ns);
  // "" = all were told.
  std::string rest();

 private:
  std::string take_rest();

  const std::string store_id_;
  std::mutex mutex_;
  int64_t second_began_ns_ = INT64_MIN;
  uint32_t told_ = 0;  // in this second
  uint64_t untold_ = 0;
};

}  // namespace qtap::session
