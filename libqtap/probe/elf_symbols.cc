// SPDX-License-Identifier: Apache-2.0
#include "probe/elf_symbols.h"

#include <algorithm>

namespace qtap::probe {
namespace {

using Found = std::vector<std::optional<ElfFunction>>;

Status search_table(const ElfFile& file, const Elf64_Shdr& section,
                    std::span<const std::string_view> names, Found& found) {
  if (section.sh_link >= file.sections().size()) return file.damaged("symbol table without names");
  const Elf64_Shdr& strings = file.sections()[section.sh_link];
  QTAP_TRY(const auto symbols, file.table<Elf64_Sym>(section.sh_offset, section.sh_size,
                                                     "symbol table outside the file"));
  QTAP_TRY(auto text,
           file.table<char>(strings.sh_offset, strings.sh_size, "symbol names outside the file"));
  text.push_back('\0');  // the last name may not be terminated
  for (const Elf64_Sym& symbol : symbols) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
    if (symbol.st_name >= text.size()) continue;
    std::string_view name(text.data() + symbol.st_name);
    name = name.substr(0, name.find('@'));  // .symtab: SSL_read@@OPENSSL_3.0.0
    const auto wanted = std::find(names.begin(), names.end(), name);
    if (wanted == names.end()) continue;
    auto& function = found[static_cast<size_t>(wanted - names.begin())];
    if (function) continue;
    if (const auto offset = file.code_offset(symbol.st_value)) {
      function = ElfFunction{*offset, symbol.st_value, symbol.st_size, symbol.st_shndx};
    }
  }
  return {};
}

}  // namespace

Result<Found> find_functions(const ElfFile& file, std::span<const std::string_view> names,
                             uint64_t max_symtab_bytes) {
  Found found(names.size());
  for (const uint32_t type : {uint32_t{SHT_DYNSYM}, uint32_t{SHT_SYMTAB}}) {
    for (const Elf64_Shdr& section : file.sections()) {
      if (section.sh_type != type) continue;
      if (type == SHT_SYMTAB && section.sh_size > max_symtab_bytes) continue;
      QTAP_CHECK(search_table(file, section, names, found));
    }
    if (std::all_of(found.begin(), found.end(), [](const auto& f) { return f.has_value(); })) {
      break;
    }
  }
  return found;
}

}  // namespace qtap::probe
