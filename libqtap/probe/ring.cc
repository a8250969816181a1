// SPDX-License-Identifier: Apache-2.0
#include "probe/ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace qtap::probe {
namespace {

uint64_t load_acquire(const void* position) {
  return __atomic_load_n(static_cast<const uint64_t*>(position), __ATOMIC_ACQUIRE);
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::create(int map_fd, size_t bytes) {
  std::unique_ptr<Ring> ring(new Ring());
  ring->bytes_ = bytes;
  ring->page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  // The first page is ours to write; then the producer's page and the data, twice in a row so that
  // no record wraps.
  ring->consumer_page_ = mmap(nullptr, ring->page_, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (ring->consumer_page_ != MAP_FAILED) {
    ring->producer_pages_ = mmap(nullptr, ring->page_ + 2 * bytes, PROT_READ, MAP_SHARED, map_fd,
                                 static_cast<off_t>(ring->page_));
  }
  if (ring->consumer_page_ == MAP_FAILED || ring->producer_pages_ == MAP_FAILED) {
    return Error{"QT049", QTAP_ERR_IO, std::string("map the ring buffer: ") + strerror(errno)};
  }
  ring->data_ = static_cast<const uint8_t*>(ring->producer_pages_) + ring->page_;
  ring->position_ = load_acquire(ring->consumer_page_);
  return ring;
}

Ring::~Ring() {
  if (producer_pages_ != nullptr && producer_pages_ != MAP_FAILED) {
    munmap(producer_pages_, page_ + 2 * bytes_);
  }
  if (consumer_page_ != nullptr && consumer_page_ != MAP_FAILED) munmap(consumer_page_, page_);
}

std::optional<std::span<const uint8_t>> Ring::peek() {
  while (position_ < load_acquire(producer_pages_)) {
    const uint8_t* header = data_ + (position_ & (bytes_ - 1));
    const uint32_t length =
        __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
    if ((length & BPF_RINGBUF_BUSY_BIT) != 0) return std::nullopt;  // reserved, not yet submitted
    const uint32_t payload = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    record_bytes_ = (uint64_t{payload} + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
    if ((length & BPF_RINGBUF_DISCARD_BIT) == 0) {
      return std::span<const uint8_t>(header + BPF_RINGBUF_HDR_SZ, payload);
    }
    pop();
  }
  return std::nullopt;
}

uint64_t Ring::written() const {
  return load_acquire(producer_pages_);
}

void Ring::pop() {
  position_ += record_bytes_;
  __atomic_store_n(static_cast<uint64_t*>(consumer_page_), position_, __ATOMIC_RELEASE);
}

}  // namespace qtap::probe
