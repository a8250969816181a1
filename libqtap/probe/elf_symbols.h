// SPDX-License-Identifier: Apache-2.0
// Finds functions in an ELF file, by name: libbpf 1.4 to 1.7 fails on stripped libraries.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probe/elf_file.h"

namespace qtap::probe {

struct ElfFunction {
  uint64_t offset;   // in the file: what uprobes want
  uint64_t address;  // in the library
  uint64_t bytes;    // 0: not told
  uint16_t section;  // that it lies in
};

// One entry per name, in the same order; nullopt: the file does not define it. Looks into .dynsym,
// then .symtab, unless that is larger than max_symtab_bytes. Errors as of ElfFile.
Result<std::vector<std::optional<ElfFunction>>> find_functions(
    const ElfFile& file, std::span<const std::string_view> names,
    uint64_t max_symtab_bytes = UINT64_MAX);

}  // namespace qtap::probe
