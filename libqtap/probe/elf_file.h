// SPDX-License-Identifier: Apache-2.0
// The headers of an ELF file of this machine, and checked reads of what they point to. The file
// belongs to somebody else, so nothing in it is trusted: every offset and count is checked, sizes
// are limited.
#pragma once

#include <elf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace qtap::probe {

class ElfFile {
 public:
  // Keeps `fd`, which the caller goes on owning. `path` is for the text of errors.
  // QTAP_ERR_UNSUPPORTED: no 64-bit ELF file of this machine; QTAP_ERR_INVALID: damaged;
  // QTAP_ERR_IO.
  static Result<ElfFile> open(int fd, const std::string& path);

  const std::string& path() const { return path_; }
  const std::vector<Elf64_Phdr>& segments() const { return segments_; }
  const std::vector<Elf64_Shdr>& sections() const { return sections_; }

  // As many T as there are in [offset, offset + bytes) of the file; `what` says what is wrong when
  // that is not inside of it. QTAP_ERR_LIMIT: larger than 128 MiB.
  template <typename T>
  Result<std::vector<T>> table(uint64_t offset, uint64_t bytes, const char* what) const {
    QTAP_CHECK(check_range(offset, bytes, what));
    std::vector<T> entries(bytes / sizeof(T));
    QTAP_CHECK(read(offset, entries.data(), entries.size() * sizeof(T)));
    return entries;
  }

  // Where the code at that address lies in the file; nullopt: not in an executable segment.
  std::optional<uint64_t> code_offset(uint64_t address) const;

  // The same of any loaded segment.
  std::optional<uint64_t> loaded_offset(uint64_t address) const;

  Error damaged(const char* what) const;

 private:
  ElfFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  Status load();
  Error unreadable() const;
  Status check_range(uint64_t offset, uint64_t bytes, const char* what) const;
  Status read(uint64_t offset, void* to, size_t bytes) const;

  int fd_;
  std::string path_;
  uint64_t size_ = 0;
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace qtap::probe
