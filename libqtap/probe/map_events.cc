// SPDX-License-Identifier: Apache-2.0
#include "probe/map_events.h"

#include <bpf/libbpf.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "bpf/shared/config.h"
#include "bpf/shared/records.h"
#include "bpf/shared/state.h"

#include <qtap_bpf.skel.h>

namespace qtap::probe {
namespace {

// The kernel's own dev_t, include/linux/kdev_t.h.
constexpr uint32_t kMinorBits = 20;
constexpr uint32_t kMinorMask = (1U << kMinorBits) - 1;

}  // namespace

Result<std::unique_ptr<MapEvents>> MapEvents::create(KernelSide& kernel) {
  std::unique_ptr<MapEvents> events(new MapEvents(kernel));
  QTAP_TRY(events->ring_,
           Ring::create(events->fd(), bpf_map__max_entries(kernel.skeleton().maps.mapped)));
  __atomic_store_n(&kernel.skeleton().bss->tell_mapped, 1, __ATOMIC_RELEASE);
  __atomic_store_n(&kernel.skeleton().bss->tell_custom_bios, 1, __ATOMIC_RELEASE);
  return events;
}

int MapEvents::fd() const {
  return bpf_map__fd(kernel_.skeleton().maps.mapped);
}

MapNews MapEvents::take() {
  MapNews news;
  while (const auto bytes = ring_->peek()) {
    qtap_mapped mapped = {};
    memcpy(&mapped, bytes->data(), std::min(bytes->size(), sizeof(mapped)));
    auto& pids = mapped.what == QTAP_MAPPED_CUSTOM_BIO ? news.custom_bios : news.mapped;
    if (std::find(pids.begin(), pids.end(), mapped.tgid) == pids.end()) {
      pids.push_back(mapped.tgid);
    }
    if (mapped.what == QTAP_MAPPED_SSL) {
      const uint64_t device = makedev(mapped.device >> kMinorBits, mapped.device & kMinorMask);
      news.ssl.push_back({mapped.tgid, mapped.time_ns, device, mapped.inode});
    }
    ring_->pop();
  }
  return news;
}

bool MapEvents::take_lost() {
  const uint64_t lost = __atomic_load_n(&kernel_.skeleton().bss->mapped_lost, __ATOMIC_ACQUIRE);
  return std::exchange(lost_, lost) != lost;
}

}  // namespace qtap::probe
