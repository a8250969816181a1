// SPDX-License-Identifier: Apache-2.0
#include "session/upload_log.h"

#include <utility>

namespace qtap::session {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

std::vector<std::string> UploadLog::uploaded(std::string_view where, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  if (second_began_ns_ == INT64_MIN || now_ns - second_began_ns_ >= kSecondNs) {
    second_began_ns_ = now_ns;
    told_ = 0;
    if (untold_ > 0) lines.push_back(take_rest());
  }
  if (told_ == kPerSecond) {
    ++untold_;
  } else {
    ++told_;
    lines.push_back("Uploaded payload to " + std::string(where));
  }
  return lines;
}

std::string UploadLog::rest() {
  const std::lock_guard lock(mutex_);
  return untold_ > 0 ? take_rest() : std::string();
}

std::string UploadLog::take_rest() {
  return "store " + store_id_ + ": uploaded " + std::to_string(std::exchange(untold_, 0)) +
         " more payloads";
}

}  // namespace qtap::session
