// SPDX-License-Identifier: Apache-2.0
// Which local ports this process sends from itself. Probes leave out our own end of such a
// connection; where the storage runs on this machine they see its end, and what is uploaded would
// be captured, and uploaded. Of the process, as is what the probes leave out. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace qtap::net {

class OwnSockets {
 public:
  using Clock = std::chrono::steady_clock;
  // A port counts as ours for so long after its socket was closed: what the kernel told of it is
  // read later than it happened. Longer would take in who gets it next.
  static constexpr std::chrono::seconds kKept{5};

  static OwnSockets& of_process();

  void opened(uint16_t port);
  void closed(uint16_t port, Clock::time_point now = Clock::now());
  bool has(uint16_t port, Clock::time_point now = Clock::now());

 private:
  struct Entry {
    uint16_t port;
    Clock::time_point until;
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace qtap::net
