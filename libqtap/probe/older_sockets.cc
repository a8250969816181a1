// SPDX-License-Identifier: Apache-2.0
#include "probe/older_sockets.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bpf/shared/config.h"
#include "bpf/shared/records.h"
#include "bpf/shared/state.h"
#include "probe/libbpf_log.h"

#include <qtap_bpf.skel.h>

namespace qtap::probe {
namespace {

// The kernel side writes a byte for each connection, and read() returns when it has that many.
constexpr size_t kMaxBatch = 4096;
constexpr int kMaxPasses = 100;
constexpr size_t kRingBytesPerOpen = sizeof(qtap_rec_open) + 8;  // BPF_RINGBUF_HDR_SZ

}  // namespace

void OlderSockets::refused(const std::string& reason) {
  if (warning_) return;
  warning_ = "QT067: list the connections that are open already: " + reason +
             ": each is seen from its next call on";
}

// The descriptor of the iterator keeps its program: the link may go.
int OlderSockets::open_iterator(const bpf_program* program) {
  if (const std::string& reason = kernel_.iterators_refused(); !reason.empty()) {
    refused(reason);
    return -1;
  }
  const LibbpfLog log(kernel_.libbpf_print());
  bpf_link* link = bpf_program__attach_iter(program, nullptr);
  int fd = link == nullptr ? -errno : bpf_iter_create(bpf_link__fd(link));
  if (fd < 0) refused(strerror(-fd));
  bpf_link__destroy(link);
  return fd;
}

void OlderSockets::find_listeners() {
  const int fd = open_iterator(kernel_.skeleton().progs.find_listeners);
  if (fd < 0) return;
  std::array<char, 1> unused = {};
  ssize_t n = 0;
  do {  // EAGAIN: a million files, and there are more
    n = read(fd, unused.data(), unused.size());
  } while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
  if (n < 0) refused(strerror(errno));
  close(fd);
}

void OlderSockets::begin(size_t ring_bytes) {
  if (warning_) return;  // without listeners all would be clients
  batch_ = std::clamp<size_t>(ring_bytes / 4 / kRingBytesPerOpen, 1, kMaxBatch);
  fd_ = open_iterator(kernel_.skeleton().progs.find_older);
}

bool OlderSockets::read_some() {
  if (fd_ < 0) return false;
  std::array<char, kMaxBatch> unused;
  const ssize_t n = read(fd_, unused.data(), batch_);
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) return true;
  if (n < 0) refused(strerror(errno));
  return finish();
}

// Those that are in the table by now are left alone, so a pass tells only what is missing.
bool OlderSockets::finish() {
  stop();
  const qtap_older older = kernel_.skeleton().bss->older;
  if (older.untold + older.left_out == 0 || warning_) return false;
  if (older.untold != 0 && ++passes_ < kMaxPasses) {
    kernel_.skeleton().bss->older.untold = 0;
    fd_ = open_iterator(kernel_.skeleton().progs.find_older);
    return fd_ >= 0;
  }
  warning_ = "QT068: of the connections that are open already, " +
             std::to_string(older.untold + older.left_out) +
             " are not listed: the ring was full for " + std::to_string(older.untold) +
             ", the table for " + std::to_string(older.left_out) +
             ": each is seen from its next call on";
  return false;
}

void OlderSockets::stop() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace qtap::probe
