// SPDX-License-Identifier: Apache-2.0
#include "probe/elf_symbols.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

namespace qtap::probe {
namespace {

// A file with one executable segment (address 0x10000 = offset 0x1000) and one symbol table.
class TestElf {
 public:
  TestElf() : bytes_(0x3000, 0) {
    std::memcpy(header().e_ident, ELFMAG, SELFMAG);
    header().e_ident[EI_CLASS] = ELFCLASS64;
    header().e_ident[EI_DATA] = ELFDATA2LSB;
    header().e_type = ET_DYN;
#if defined(__x86_64__)
    header().e_machine = EM_X86_64;
#else
    header().e_machine = EM_AARCH64;
#endif
    header().e_phoff = kSegments;
    header().e_phnum = 1;
    header().e_phentsize = sizeof(Elf64_Phdr);
    header().e_shoff = kSections;
    header().e_shnum = 3;
    header().e_shentsize = sizeof(Elf64_Shdr);
    segment().p_type = PT_LOAD;
    segment().p_flags = PF_R | PF_X;
    segment().p_offset = 0x1000;
    segment().p_vaddr = 0x10000;
    segment().p_filesz = 0x1000;
    section(1).sh_type = SHT_DYNSYM;
    section(1).sh_offset = kSymbols;
    section(1).sh_size = 3 * sizeof(Elf64_Sym);
    section(1).sh_link = 2;
    section(2).sh_type = SHT_STRTAB;
    section(2).sh_offset = kNames;
    const std::string names("\0SSL_read\0SSL_write@@OPENSSL_3.0.0\0", 35);
    section(2).sh_size = names.size();
    std::memcpy(&bytes_[kNames], names.data(), names.size());
    symbol(1) = {1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x10010, 16};
    symbol(2) = {10, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x10020, 16};
  }

  Elf64_Ehdr& header() {
    return at<Elf64_Ehdr>(0);
  }
  Elf64_Phdr& segment() {
    return at<Elf64_Phdr>(kSegments);
  }
  Elf64_Shdr& section(size_t i) {
    return at<Elf64_Shdr>(kSections + i * sizeof(Elf64_Shdr));
  }
  Elf64_Sym& symbol(size_t i) {
    return at<Elf64_Sym>(kSymbols + i * sizeof(Elf64_Sym));
  }
  std::vector<uint8_t>& bytes() {
    return bytes_;
  }

  Result<std::vector<std::optional<uint64_t>>> find(std::vector<std::string_view> names) const {
    const int fd = memfd_create("elf", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    REQUIRE(write(fd, bytes_.data(), bytes_.size()) == static_cast<ssize_t>(bytes_.size()));
    auto result = offsets(fd, names);
    close(fd);
    return result;
  }

 private:
  static Result<std::vector<std::optional<uint64_t>>> offsets(
      int fd, const std::vector<std::string_view>& names) {
    QTAP_TRY(const ElfFile file, ElfFile::open(fd, "test.so"));
    QTAP_TRY(const auto functions, find_functions(file, names));
    std::vector<std::optional<uint64_t>> result;
    for (const auto& function : functions) {
      result.push_back(function ? std::optional(function->offset) : std::nullopt);
    }
    return result;
  }

  static constexpr size_t kSegments = 0x100;
  static constexpr size_t kSections = 0x200;
  static constexpr size_t kSymbols = 0x400;
  static constexpr size_t kNames = 0x800;
  template <typename T>
  T& at(size_t offset) {
    return *reinterpret_cast<T*>(&bytes_[offset]);
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace

TEST_SUITE("probe/elf_symbols") {
  TEST_CASE(
      "addresses become file offsets, version suffixes are ignored, unknown names are empty") {
    const auto found = TestElf().find({"SSL_write", "SSL_read", "SSL_free"});
    REQUIRE(found.ok());
    CHECK((*found)[0] == 0x1020u);
    CHECK((*found)[1] == 0x1010u);
    CHECK_FALSE((*found)[2].has_value());
  }

  TEST_CASE("undefined symbols, data, and functions outside of code are not found") {
    TestElf elf;
    SUBCASE("undefined") {
      elf.symbol(1).st_shndx = SHN_UNDEF;
    }
    SUBCASE("data") {
      elf.symbol(1).st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
    }
    SUBCASE("before the segment") {
      elf.symbol(1).st_value = 0xffff;
    }
    SUBCASE("behind the segment") {
      elf.symbol(1).st_value = 0x11000;
    }
    SUBCASE("not executable") {
      elf.segment().p_flags = PF_R;
    }
    SUBCASE("beyond the file") {
      elf.segment().p_offset = UINT64_MAX - 0x10;
    }
    SUBCASE("name outside of the names") {
      elf.symbol(1).st_name = 1000;
    }
    const auto found = elf.find({"SSL_read"});
    REQUIRE(found.ok());
    CHECK_FALSE((*found)[0].has_value());
  }

  TEST_CASE("the symbol table of a static program serves where there is no dynamic one") {
    TestElf elf;
    elf.section(1).sh_type = SHT_SYMTAB;
    const auto found = elf.find({"SSL_read"});
    REQUIRE(found.ok());
    CHECK((*found)[0] == 0x1010u);
  }

  TEST_CASE("a file without sections has no symbols, which is no error") {
    TestElf elf;
    elf.header().e_shnum = 0;
    elf.header().e_shoff = 0;
    const auto found = elf.find({"SSL_read"});
    REQUIRE(found.ok());
    CHECK_FALSE((*found)[0].has_value());
  }

  TEST_CASE("other files are refused by name") {
    TestElf elf;
    SUBCASE("empty") {
      elf.bytes().clear();
    }
    SUBCASE("a script") {
      std::memcpy(elf.bytes().data(), "#!/bin/sh", 9);
    }
    SUBCASE("32 bit") {
      elf.header().e_ident[EI_CLASS] = ELFCLASS32;
    }
    SUBCASE("big endian") {
      elf.header().e_ident[EI_DATA] = ELFDATA2MSB;
    }
    SUBCASE("another machine") {
      elf.header().e_machine = EM_S390;
    }
    SUBCASE("an object file") {
      elf.header().e_type = ET_REL;
    }
    const auto found = elf.find({"SSL_read"});
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().status == QTAP_ERR_UNSUPPORTED);
    CHECK(found.error().text.find("test.so") != std::string::npos);
  }

  TEST_CASE("damaged tables are errors, not reads outside of the file") {
    TestElf elf;
    SUBCASE("segments") {
      elf.header().e_phoff = UINT64_MAX - 8;
    }
    SUBCASE("segment size") {
      elf.header().e_phentsize = 3;
    }
    SUBCASE("too many segments") {
      elf.header().e_phnum = 60000;
    }
    SUBCASE("sections") {
      elf.header().e_shoff = 0x2ff0;
    }
    SUBCASE("symbols") {
      elf.section(1).sh_offset = 0x2ff0;
    }
    SUBCASE("symbol count") {
      elf.section(1).sh_size = UINT64_MAX;
    }
    SUBCASE("names") {
      elf.section(2).sh_size = UINT64_MAX - 0x100;
    }
    SUBCASE("link") {
      elf.section(1).sh_link = 3;
    }
    const auto found = elf.find({"SSL_read"});
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().status == QTAP_ERR_INVALID);
    CHECK(found.error().text.find('\n') == std::string::npos);
  }

  TEST_CASE("every single damaged byte of the tables gives an answer or an error") {
    const TestElf whole;
    for (size_t i = 0; i < 0x840; ++i) {
      TestElf elf = whole;
      elf.bytes()[i] ^= 0xff;
      (void)elf.find({"SSL_read", "SSL_write"});
    }
  }
}

}  // namespace qtap::probe
