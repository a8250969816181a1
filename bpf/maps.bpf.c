// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The definitions behind maps.h, the defaults of the configuration, and the licence of the linked object. */
#define QTAP_DEFINE_MAPS
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct qtap_bpf_config config = {
    .self_pid = 0,
    .hello_bytes = 4096,
    .unknown_bytes = 1024,
    .max_call_bytes = 64 << 20,
    .wake_bytes = 2 << 20,
    .rings = 1,
};

const volatile __u32 record_version = QTAP_RECORD_VERSION;

__u32 ring_wake = 0;
__u64 unknown_zero = 0;
