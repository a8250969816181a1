// SPDX-License-Identifier: Apache-2.0
#include "probe/elf_file.h"

#include <sys/stat.h>
#include <unistd.h>

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

}  // namespace

Error ElfFile::damaged(const char* what) const {
  return {"QT055", QTAP_ERR_INVALID,
          "read the symbols of " + path_ + ": damaged ELF file, " + what};
}

Error ElfFile::unreadable() const {
  return {"QT057", QTAP_ERR_IO, "read " + path_ + ": " + strerror(errno)};
}

Status ElfFile::check_range(uint64_t offset, uint64_t bytes, const char* what) const {
  if (offset > size_ || bytes > size_ - offset) return damaged(what);
  if (bytes > kMaxTableBytes) {
    return Error{"QT056", QTAP_ERR_LIMIT,
                 "read the symbols of " + path_ + ": table larger than 128 MiB"};
  }
  return {};
}

Status ElfFile::read(uint64_t offset, void* to, size_t bytes) const {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t n =
        pread(fd_, static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable();
    if (n == 0) return damaged("it ends early");
    done += static_cast<size_t>(n);
  }
  return {};
}

Result<ElfFile> ElfFile::open(int fd, const std::string& path) {
  ElfFile file(fd, path);
  QTAP_CHECK(file.load());
  return file;
}

Status ElfFile::load() {
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

namespace {

std::optional<uint64_t> offset_in(const std::vector<Elf64_Phdr>& segments, uint32_t flags,
                                  uint64_t address) {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & flags) != flags) continue;
    if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
    return address - segment.p_vaddr + segment.p_offset;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> ElfFile::code_offset(uint64_t address) const {
  const auto offset = offset_in(segments_, PF_X, address);
  return offset && *offset < size_ ? offset : std::nullopt;
}

std::optional<uint64_t> ElfFile::loaded_offset(uint64_t address) const {
  const auto offset = offset_in(segments_, 0, address);
  return offset && *offset < size_ ? offset : std::nullopt;
}

}  // namespace qtap::probe
