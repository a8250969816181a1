// SPDX-License-Identifier: Apache-2.0
// In: the files of all processes, through BPF iterators (Linux 5.8). Out: an OPEN record in the
// ring for each connection that is older than the capture, and one line when not all could be told.
// LiveSource owns it, on the thread that polls. Connections that are left out are met at their next
// call with bytes, as all of them are where the kernel refuses iterators.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "probe/kernel_side.h"

namespace qtap::probe {

class OlderSockets {
 public:
  explicit OlderSockets(KernelSide& kernel) : kernel_(kernel) {}
  ~OlderSockets() { stop(); }
  OlderSockets(const OlderSockets&) = delete;
  OlderSockets& operator=(const OlderSockets&) = delete;

  // Who listens where, which tells the roles. Before the tracepoints are attached: what is accepted
  // after that has its role.
  void find_listeners();
  // After that: each socket that is found is forgotten when it is destroyed.
  void begin(size_t ring_bytes);
  // Goes on until a quarter of the ring is filled, and begins again when the ring was full for some
  // all the same; false: that was the last.
  bool read_some();
  void stop();

  // QT067, QT068: what is missing. Final when read_some() has said so.
  const std::optional<std::string>& warning() const { return warning_; }

 private:
  int open_iterator(const bpf_program* program);
  void refused(const std::string& reason);
  bool finish();

  KernelSide& kernel_;
  size_t batch_ = 0;  // connections per read_some()
  int passes_ = 0;
  int fd_ = -1;
  std::optional<std::string> warning_;
};

}  // namespace qtap::probe
