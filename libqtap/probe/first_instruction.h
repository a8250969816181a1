// SPDX-License-Identifier: Apache-2.0
// What a uprobe costs is decided by the x86-64 instruction that it replaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qtap::probe {

constexpr size_t kEndbr64Bytes = 4;
bool is_endbr64(std::span<const uint8_t> code);

// Whether the kernel emulates the first instruction, rather than single-step it, which takes 30
// times as long (arch/x86/kernel/uprobes.c, branch_setup_xol_ops() and push_setup_xol_ops(), Linux
// 5.10 to 6.18).
bool is_emulated(std::span<const uint8_t> code);

}  // namespace qtap::probe
