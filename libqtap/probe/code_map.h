// SPDX-License-Identifier: Apache-2.0
// What a library says about addresses in its code: which ones begin a function (.eh_frame_hdr),
// which ones it exports (.dynsym), and what its calls through the PLT end at (.rela).
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "probe/elf_file.h"
#include "probe/elf_symbols.h"

namespace qtap::probe {

class CodeMap {
 public:
  // Without unwind tables nothing begins a function: no error. Errors as of ElfFile.
  static Result<CodeMap> create(const ElfFile& file);

  bool begins_function(uint64_t address) const;
  // The exported function that begins there.
  std::optional<ElfFunction> exported_at(uint64_t address) const;
  // The exported function of this library whose address the dynamic linker puts into that slot,
  // unless another library defines it as well.
  std::optional<ElfFunction> linked_to(uint64_t slot) const;

 private:
  Status read_unwind_table(const ElfFile& file, const Elf64_Phdr& segment);
  Status read_symbols(const ElfFile& file, size_t section);
  Status read_relocations(const ElfFile& file, const Elf64_Shdr& section,
                          const std::vector<Elf64_Sym>& symbols);

  std::vector<uint64_t> functions_;  // sorted
  std::unordered_map<uint64_t, ElfFunction> exported_;
  std::unordered_map<uint64_t, uint64_t> address_by_slot_;
};

}  // namespace qtap::probe
