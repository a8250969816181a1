// SPDX-License-Identifier: Apache-2.0
#include "probe/code_map.h"

#include <algorithm>
#include <cstring>

namespace qtap::probe {
namespace {

// Linux Standard Base 5.0, "The .eh_frame_hdr section": version, three encodings, and, with the
// encodings that every linker uses (0x1b pcrel sdata4, 0x03 udata4, 0x3b datarel sdata4), the
// distance of .eh_frame, the number of entries, and pairs of distances: of a function and of what
// describes it.
constexpr uint8_t kHeader[] = {1, 0x1b, 0x03, 0x3b};
constexpr size_t kHeaderBytes = 12;
constexpr size_t kEntryBytes = 8;

int32_t int32_at(const std::vector<uint8_t>& bytes, size_t at) {
  int32_t value = 0;
  std::memcpy(&value, &bytes[at], sizeof(value));
  return value;
}

}  // namespace

Status CodeMap::read_unwind_table(const ElfFile& file, const Elf64_Phdr& segment) {
  QTAP_TRY(const auto bytes, file.table<uint8_t>(segment.p_offset, segment.p_filesz,
                                                 "unwind table outside the file"));
  if (bytes.size() < kHeaderBytes || !std::equal(std::begin(kHeader), std::end(kHeader), &bytes[0]))
    return {};
  const auto count = static_cast<uint32_t>(int32_at(bytes, 8));
  if (count > (bytes.size() - kHeaderBytes) / kEntryBytes) {
    return file.damaged("unwind table larger than its segment");
  }
  functions_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const int64_t distance = int32_at(bytes, kHeaderBytes + i * kEntryBytes);
    functions_.push_back(segment.p_vaddr + static_cast<uint64_t>(distance));
  }
  std::sort(functions_.begin(), functions_.end());
  return {};
}

Status CodeMap::read_symbols(const ElfFile& file, size_t section) {
  const Elf64_Shdr& header = file.sections()[section];
  QTAP_TRY(const auto symbols, file.table<Elf64_Sym>(header.sh_offset, header.sh_size,
                                                     "symbol table outside the file"));
  for (const Elf64_Sym& symbol : symbols) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
    if (const auto offset = file.code_offset(symbol.st_value)) {
      exported_.emplace(symbol.st_value,
                        ElfFunction{*offset, symbol.st_value, symbol.st_size, symbol.st_shndx});
    }
  }
  for (const Elf64_Shdr& relocations : file.sections()) {
    if (relocations.sh_type != SHT_RELA || relocations.sh_link != section) continue;
    QTAP_CHECK(read_relocations(file, relocations, symbols));
  }
  return {};
}

Status CodeMap::read_relocations(const ElfFile& file, const Elf64_Shdr& section,
                                 const std::vector<Elf64_Sym>& symbols) {
  QTAP_TRY(const auto relocations, file.table<Elf64_Rela>(section.sh_offset, section.sh_size,
                                                          "relocations outside the file"));
  for (const Elf64_Rela& relocation : relocations) {
    const uint64_t type = ELF64_R_TYPE(relocation.r_info);
    const uint64_t symbol = ELF64_R_SYM(relocation.r_info);
    if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
    if (symbol >= symbols.size() || symbols[symbol].st_shndx == SHN_UNDEF) continue;
    address_by_slot_.emplace(relocation.r_offset, symbols[symbol].st_value);
  }
  return {};
}

Result<CodeMap> CodeMap::create(const ElfFile& file) {
  CodeMap map;
  for (const Elf64_Phdr& segment : file.segments()) {
    if (segment.p_type == PT_GNU_EH_FRAME) QTAP_CHECK(map.read_unwind_table(file, segment));
  }
  for (size_t i = 0; i < file.sections().size(); ++i) {
    if (file.sections()[i].sh_type == SHT_DYNSYM) QTAP_CHECK(map.read_symbols(file, i));
  }
  return map;
}

bool CodeMap::begins_function(uint64_t address) const {
  return std::binary_search(functions_.begin(), functions_.end(), address);
}

std::optional<ElfFunction> CodeMap::exported_at(uint64_t address) const {
  const auto found = exported_.find(address);
  return found == exported_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ElfFunction> CodeMap::linked_to(uint64_t slot) const {
  const auto found = address_by_slot_.find(slot);
  return found == address_by_slot_.end() ? std::nullopt : exported_at(found->second);
}

}  // namespace qtap::probe
