// SPDX-License-Identifier: Apache-2.0
#include "probe/elf_symbols.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace qtap::probe {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
constexpr uint16_t kMachine = EM_NONE;
#endif

// node, with everything linked in, has 13 MB of symbols; ten times that is not a library any more.
constexpr uint64_t kMaxTableBytes = 128u << 20;
constexpr size_t kMaxSections = 65280;  // SHN_LORESERVE (gABI, "Sections")
constexpr size_t kMaxSegments = 1024;

class ElfFile {
 public:
  ElfFile(int fd, const std::string& path) : fd_(fd), path_(path) {}

  Status open();
  Status search(std::span<const std::string_view> names, uint64_t max_symtab_bytes,
                std::vector<std::optional<uint64_t>>& offsets);

 private:
  Error damaged(const char* what) const {
    return {"QT055", QTAP_ERR_INVALID,
            "read the symbols of " + path_ + ": damaged ELF file, " + what};
  }
  Error unreadable() const {
    return {"QT057", QTAP_ERR_IO, "read " + path_ + ": " + strerror(errno)};
  }
  template <typename T>
  Result<std::vector<T>> table(uint64_t offset, uint64_t bytes, const char* what) const;
  Status search_table(const Elf64_Shdr& section, std::span<const std::string_view> names,
                      std::vector<std::optional<uint64_t>>& offsets);
  std::optional<uint64_t> file_offset(uint64_t address) const;

  int fd_;
  std::string path_;
  uint64_t size_ = 0;
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
};

template <typename T>
Result<std::vector<T>> ElfFile::table(uint64_t offset, uint64_t bytes, const char* what) const {
  if (offset > size_ || bytes > size_ - offset) return damaged(what);
  if (bytes > kMaxTableBytes) {
    return Error{"QT056", QTAP_ERR_LIMIT,
                 "read the symbols of " + path_ + ": table larger than 128 MiB"};
  }
  std::vector<T> entries(bytes / sizeof(T));
  const size_t wanted = entries.size() * sizeof(T);
  size_t done = 0;
  while (done < wanted) {
    const ssize_t n = pread(fd_, reinterpret_cast<char*>(entries.data()) + done, wanted - done,
                            static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable();
    if (n == 0) return damaged("it ends early");
    done += static_cast<size_t>(n);
  }
  return entries;
}

Status ElfFile::open() {
  struct stat st = {};
  if (fstat(fd_, &st) != 0) return unreadable();
  size_ = static_cast<uint64_t>(st.st_size);
  const Error unsupported{
      "QT058", QTAP_ERR_UNSUPPORTED,
      "read the symbols of " + path_ + ": not a 64-bit ELF file of this machine"};
  if (size_ < sizeof(Elf64_Ehdr)) return unsupported;
  QTAP_TRY(const auto headers, table<Elf64_Ehdr>(0, sizeof(Elf64_Ehdr), "no header"));
  const Elf64_Ehdr& header = headers[0];
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kMachine ||
      (header.e_type != ET_DYN && header.e_type != ET_EXEC)) {
    return unsupported;
  }
  if (header.e_phnum > kMaxSegments || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return damaged("program headers");
  }
  if (header.e_shnum > kMaxSections ||
      (header.e_shnum != 0 && header.e_shentsize != sizeof(Elf64_Shdr))) {
    return damaged("section headers");
  }
  QTAP_TRY(segments_, table<Elf64_Phdr>(header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr),
                                        "program headers outside the file"));
  QTAP_TRY(sections_, table<Elf64_Shdr>(header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr),
                                        "section headers outside the file"));
  return {};
}

std::optional<uint64_t> ElfFile::file_offset(uint64_t address) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
    const uint64_t offset = address - segment.p_vaddr + segment.p_offset;
    if (offset < size_) return offset;
  }
  return std::nullopt;
}

Status ElfFile::search_table(const Elf64_Shdr& section, std::span<const std::string_view> names,
                             std::vector<std::optional<uint64_t>>& offsets) {
  if (section.sh_link >= sections_.size()) return damaged("symbol table without names");
  const Elf64_Shdr& strings = sections_[section.sh_link];
  QTAP_TRY(const auto symbols,
           table<Elf64_Sym>(section.sh_offset, section.sh_size, "symbol table outside the file"));
  QTAP_TRY(auto text,
           table<char>(strings.sh_offset, strings.sh_size, "symbol names outside the file"));
  text.push_back('\0');  // the last name may not be terminated
  for (const Elf64_Sym& symbol : symbols) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
    if (symbol.st_name >= text.size()) continue;
    std::string_view name(text.data() + symbol.st_name);
    name = name.substr(0, name.find('@'));  // .symtab: SSL_read@@OPENSSL_3.0.0
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) continue;
    auto& offset = offsets[static_cast<size_t>(found - names.begin())];
    if (!offset) offset = file_offset(symbol.st_value);
  }
  return {};
}

Status ElfFile::search(std::span<const std::string_view> names, uint64_t max_symtab_bytes,
                       std::vector<std::optional<uint64_t>>& offsets) {
  for (const uint32_t type : {uint32_t{SHT_DYNSYM}, uint32_t{SHT_SYMTAB}}) {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != type) continue;
      if (type == SHT_SYMTAB && section.sh_size > max_symtab_bytes) continue;
      QTAP_CHECK(search_table(section, names, offsets));
    }
    if (std::all_of(offsets.begin(), offsets.end(), [](const auto& o) { return o.has_value(); })) {
      break;
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::optional<uint64_t>>> find_functions(int fd, const std::string& path,
                                                            std::span<const std::string_view> names,
                                                            uint64_t max_symtab_bytes) {
  ElfFile file(fd, path);
  std::vector<std::optional<uint64_t>> offsets(names.size());
  QTAP_CHECK(file.open());
  QTAP_CHECK(file.search(names, max_symtab_bytes, offsets));
  return offsets;
}

}  // namespace qtap::probe
