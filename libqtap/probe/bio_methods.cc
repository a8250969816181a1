// SPDX-License-Identifier: Apache-2.0
#include "probe/bio_methods.h"

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "probe/first_instruction.h"
#include "probe/probe_place.h"

namespace qtap::probe {
namespace {

// struct bio_method_st, crypto/bio/bio_local.h of OpenSSL 1.1.1 to 3.5: type, name, bwrite (with
// size_t), bwrite_old (with int), ...
constexpr uint64_t kName = 8;
constexpr uint64_t kWrite = 16;
constexpr uint64_t kWriteOld = 24;
constexpr uint64_t kMethodBytes = 32;

struct Kind {
  int32_t type;  // BIO_TYPE_MEM, BIO_TYPE_BIO of openssl/bio.h, 1.1.1 to 3.5
  std::string_view name;
};
constexpr Kind kMemory = {1 | 0x0400, "memory buffer"};
constexpr Kind kPair = {19 | 0x0400, "BIO pair"};

// lea distance(%rip),%rax; ret
constexpr size_t kMakerBytes = 8;

Error refused(const std::string& why) {
  return {QTAP_ERR_UNSUPPORTED, why};
}

struct Method {
  uint64_t name = 0;
  uint64_t write = 0;
  uint64_t write_old = 0;
};

Result<uint64_t> table_of(const ElfFile& file, const ElfFunction& maker) {
  constexpr uint64_t kMost = kEndbr64Bytes + kMakerBytes;
  QTAP_TRY(const auto bytes, file.table<uint8_t>(maker.offset, kMost, "code outside the file"));
  const size_t begin = is_endbr64(bytes) ? kEndbr64Bytes : 0;
  const std::span<const uint8_t> code = std::span(bytes).subspan(begin, kMakerBytes);
  if (code[0] != 0x48 || code[1] != 0x8d || code[2] != 0x05 || code[7] != 0xc3) {
    return refused("a function for a kind of BIO does more than return a table");
  }
  int32_t distance = 0;
  std::memcpy(&distance, &code[3], sizeof(distance));
  return maker.address + begin + 7 + static_cast<uint64_t>(int64_t{distance});
}

// SHT_RELR of the generic ABI, which elf.h has from glibc 2.36 on.
constexpr uint32_t kPackedRelocations = 19;

// The words that packed relocations name: an even entry is the address of one, an odd one says by
// its other 63 bits which of those behind the last are meant, too.
template <typename Visit>
void for_each_packed(std::span<const uint64_t> entries, const Visit& visit) {
  uint64_t next = 0;
  for (const uint64_t entry : entries) {
    if ((entry & 1) == 0) {
      visit(entry);
      next = entry + sizeof(uint64_t);
      continue;
    }
    for (unsigned bit = 1; bit < 64; ++bit) {
      if ((entry >> bit & 1) != 0) visit(next + (bit - 1) * sizeof(uint64_t));
    }
    next += 63 * sizeof(uint64_t);
  }
}

// Of those the file holds what the dynamic linker moves.
Status add_packed(const ElfFile& file, const Elf64_Shdr& section, uint64_t table, Method& method) {
  QTAP_TRY(const auto entries, file.table<uint64_t>(section.sh_offset, section.sh_size,
                                                    "relocations outside the file"));
  Status status;
  for_each_packed(entries, [&](uint64_t address) {
    const uint64_t at = address - table;
    if (at != kName && at != kWrite && at != kWriteOld) return;
    const auto offset = file.loaded_offset(address);
    if (!offset) return;
    const auto value = file.table<uint64_t>(*offset, sizeof(uint64_t), "data outside the file");
    if (!value.ok()) {
      status = value.error();
      return;
    }
    (at == kName ? method.name : at == kWrite ? method.write : method.write_old) = value->front();
  });
  return status;
}

// What the dynamic linker writes there: in the file there may be nothing.
Result<Method> method_at(const ElfFile& file, uint64_t table) {
  Method method;
  for (const Elf64_Shdr& section : file.sections()) {
    if (section.sh_type == kPackedRelocations) {
      QTAP_CHECK(add_packed(file, section, table, method));
    }
    if (section.sh_type != SHT_RELA) continue;
    QTAP_TRY(const auto relocations, file.table<Elf64_Rela>(section.sh_offset, section.sh_size,
                                                            "relocations outside the file"));
    for (const Elf64_Rela& relocation : relocations) {
      if (ELF64_R_TYPE(relocation.r_info) != R_X86_64_RELATIVE) continue;
      const auto value = static_cast<uint64_t>(relocation.r_addend);
      const uint64_t at = relocation.r_offset - table;
      if (at == kName) method.name = value;
      if (at == kWrite) method.write = value;
      if (at == kWriteOld) method.write_old = value;
    }
  }
  return method;
}

Status check_kind(const ElfFile& file, uint64_t table, const Method& method, const Kind& kind) {
  const auto at = file.loaded_offset(table);
  const auto name_at = file.loaded_offset(method.name);
  if (!at || !name_at || !file.loaded_offset(table + kMethodBytes - 1)) {
    return refused("the table of a kind of BIO is not where its function says");
  }
  QTAP_TRY(const auto type, file.table<int32_t>(*at, sizeof(int32_t), "data outside the file"));
  QTAP_TRY(const auto name,
           file.table<char>(*name_at, kind.name.size() + 1, "data outside the file"));
  if (type[0] != kind.type || std::string_view(name.data(), name.size()) !=
                                  std::string_view(std::string(kind.name) + '\0')) {
    return refused("the table of a kind of BIO is of another kind");
  }
  return {};
}

Result<Method> method_of(const ElfFile& file, const std::optional<ElfFunction>& maker,
                         const Kind& kind) {
  if (!maker) return refused("there is no function for a kind of BIO");
  QTAP_TRY(const uint64_t table, table_of(file, *maker));
  QTAP_TRY(const Method method, method_at(file, table));
  QTAP_CHECK(check_kind(file, table, method, kind));
  return method;
}

Result<uint64_t> place_of(const ElfFile& file, const CodeMap& map, uint64_t address,
                          const ElfFunction& maker) {
  if (!map.begins_function(address) || map.exported_at(address)) {
    return refused("what writes to a memory BIO begins no function of its own");
  }
  const auto offset = file.code_offset(address);
  if (!offset) return refused("what writes to a memory BIO is not in executable memory");
  constexpr uint64_t kLook = 16;  // any function with a stack frame has as many bytes
  QTAP_TRY(const OwnPlace place, own_place(file, {*offset, address, kLook, maker.section}));
  if (place.slow) {
    return refused("what writes to a memory BIO begins with a single-stepped instruction");
  }
  return place.offset;
}

}  // namespace

Result<std::vector<uint64_t>> memory_bio_writers(const ElfFile& file, const CodeMap& map,
                                                 const MethodMakers& makers) {
#if defined(__x86_64__)
  QTAP_TRY(const Method memory, method_of(file, makers.memory, kMemory));
  QTAP_TRY(const Method pair, method_of(file, makers.pair, kPair));
  // Both are converted to, by one function: so this is where the old form is, and it is in use.
  if (memory.write == 0 || memory.write != pair.write || memory.write_old == memory.write ||
      memory.write_old == pair.write_old || !map.begins_function(memory.write)) {
    return refused("the functions of memory BIOs are not understood");
  }
  QTAP_TRY(const uint64_t one, place_of(file, map, memory.write_old, *makers.memory));
  QTAP_TRY(const uint64_t other, place_of(file, map, pair.write_old, *makers.pair));
  return std::vector<uint64_t>{one, other};
#else
  (void)file;
  (void)map;
  (void)makers;
  return refused("this build reads no code of this machine");
#endif
}

}  // namespace qtap::probe
