// SPDX-License-Identifier: Apache-2.0
// Finds functions in an ELF file, as file offsets: what uprobes want. libbpf 1.4 to 1.7 fails on
// stripped libraries. The file belongs to somebody else, so nothing in it is trusted: every offset
// and count is checked, sizes are limited.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace qtap::probe {

// One entry per name, in the same order; nullopt: the file does not define it. Looks into .dynsym,
// then .symtab, unless that is larger than max_symtab_bytes. QTAP_ERR_UNSUPPORTED: no ELF file of
// this machine; QTAP_ERR_INVALID: damaged; QTAP_ERR_IO. `path` is for the text.
Result<std::vector<std::optional<uint64_t>>> find_functions(int fd, const std::string& path,
                                                            std::span<const std::string_view> names,
                                                            uint64_t max_symtab_bytes = UINT64_MAX);

}  // namespace qtap::probe
