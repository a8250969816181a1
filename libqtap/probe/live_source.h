// SPDX-License-Identifier: Apache-2.0
// In: a kernel. Out: Record: sockets, TLS plain text, processes, ticks, losses.
// The session owns it and calls it from the thread that polls; it starts no threads.
// What the kernel side drops is counted there by cause and told as kLoss on the next tick; records
// that do not decode are errors of poll(). Nothing stays behind: links, maps and descriptors go
// with stop() and the destructor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/budget.h"
#include "probe/kernel_setup.h"
#include "source/source.h"

namespace qtap::probe {

struct LiveOptions {
  size_t ring_bytes = 16u << 20;  // of each ring; a power of two, at least kMinRingBytes
  uint32_t rings = 1;             // CPU n writes to ring n % rings
  std::vector<std::string> tls = {
      "openssl"};         // TLS libraries to look for; empty: sockets and processes only
  uint32_t self_pid = 0;  // in the initial pid namespace; never captured; 0: everything is
  // Of a TLS socket and of datagrams, per direction: a ClientHello with post-quantum keys has 2
  // KiB.
  uint32_t hello_bytes = 4096;
  uint32_t unknown_bytes = 1024;  // of a socket with an unknown protocol, per direction
  uint32_t max_call_bytes = 64u << 20;
  BudgetOptions budget;
  uint64_t id_seed = 0;                                  // 0: random
  std::string hostname;                                  // empty: gethostname
  std::string instance;                                  // empty: made of the seed
  std::function<void(const std::string&)> libbpf_print;  // what libbpf says, while it attaches

  // The machine, for tests.
  std::string proc_root = "/proc";
  std::string sys_root = "/sys";
  std::string etc_root = "/etc";
  std::vector<std::string> library_directories;  // empty: those of the dynamic linker
  bool search_processes = true;  // look for libraries in what running processes have mapped
  bool map_events = true;        // be told of libraries while they are mapped
  bool public_places = false;    // probe the public functions of libraries, not their workers
  // Behave as on kernels without it (6.6, 5.17, or denied).
  bool without_uprobe_multi = false;
  bool without_bpf_loop = false;
  bool without_iterators = false;
  ExitCopiesUse exit_copies = ExitCopiesUse::kAsNeeded;
  uint64_t max_older = UINT64_MAX;  // connections that are listed at start, at most
};

class LiveSource : public source::Source {
 public:
  static constexpr size_t kMinRingBytes = 64u << 10;  // three records of the largest size
  static constexpr size_t kMaxRingBytes = 1u << 30;

  // Checks the options. Nothing is loaded before start().
  static Result<std::unique_ptr<source::Source>> create(const LiveOptions& options);
};

}  // namespace qtap::probe
