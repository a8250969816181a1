// SPDX-License-Identifier: Apache-2.0
#include "net/own_sockets.h"

#include <algorithm>

namespace qtap::net {

OwnSockets& OwnSockets::of_process() {
  static OwnSockets sockets;
  return sockets;
}

void OwnSockets::opened(uint16_t port) {
  const std::lock_guard lock(mutex_);
  entries_.push_back({port, Clock::time_point::max()});
}

void OwnSockets::closed(uint16_t port, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.until < now; });
  for (Entry& entry : entries_) {
    if (entry.port == port) entry.until = std::min(entry.until, now + kKept);
  }
}

bool OwnSockets::has(uint16_t port, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.port == port && entry.until >= now; });
}

}  // namespace qtap::net
