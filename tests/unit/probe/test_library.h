// SPDX-License-Identifier: Apache-2.0
// A small libssl with the code that a test puts into it.
#pragma once

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace qtap::probe {

using Code = std::vector<uint8_t>;

// Addresses are offsets. Functions that the library exports begin at the addresses below; each is
// kFunctionBytes long. The slot is what the PLT stub jumps through, and leads to SSL_write_ex2.
class TestLibrary {
 public:
  static constexpr uint64_t kStub = 0x1000;  // the PLT, another section than the rest of the code
  static constexpr uint64_t kText = 0x1100;
  static constexpr uint64_t kWrite = 0x1100;
  static constexpr uint64_t kWriteEx = 0x1140;
  static constexpr uint64_t kRead = 0x1180;
  static constexpr uint64_t kReadEx = 0x11c0;
  static constexpr uint64_t kWriteEx2 = 0x1200;
  static constexpr uint64_t kWriteWorker = 0x1280;
  static constexpr uint64_t kReadWorker = 0x12c0;
  static constexpr uint64_t kEnd = 0x1400;
  static constexpr uint64_t kFunctionBytes = 0x40;
  static constexpr uint64_t kSlot = 0x1800;

  TestLibrary() : bytes_(0x1900, 0) {
    auto& header = at<Elf64_Ehdr>(0);
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_phoff = kSegments;
    header.e_phnum = 2;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_shoff = kSections;
    header.e_shnum = 6;
    header.e_shentsize = sizeof(Elf64_Shdr);
    segment(0) = {PT_LOAD, PF_R | PF_X, 0x1000, 0x1000, 0x1000, 0x400, 0x400, 0x1000};
    segment(1) = {PT_GNU_EH_FRAME, PF_R, kUnwind, kUnwind, kUnwind, 12 + 8 * 7, 12 + 8 * 7, 4};
    section(1) = {0, SHT_DYNSYM, 0, 0, kSymbols, 6 * sizeof(Elf64_Sym), 2, 0, 0, 0};
    section(2) = {0, SHT_STRTAB, 0, 0, kNames, 0x80, 0, 0, 0, 0};
    section(3) = {0, SHT_RELA, 0, 0, kRelocations, sizeof(Elf64_Rela), 1, 0, 0, 0};
    section(4) = {0, SHT_PROGBITS, SHF_EXECINSTR, kStub, kStub, 0x100, 0, 0, 0, 0};
    section(5) = {0, SHT_PROGBITS, SHF_EXECINSTR, kText, kText, kEnd - kText, 0, 0, 0, 0};
    at<Elf64_Rela>(kRelocations) = {kSlot, ELF64_R_INFO(5, R_X86_64_JUMP_SLOT), 0};
    add_symbol(1, "SSL_write", kWrite);
    add_symbol(2, "SSL_write_ex", kWriteEx);
    add_symbol(3, "SSL_read", kRead);
    add_symbol(4, "SSL_read_ex", kReadEx);
    add_symbol(5, "SSL_write_ex2", kWriteEx2);
    std::memset(&bytes_[kText], 0x90, kEnd - kText);
    at<uint32_t>(kUnwind) = 0x3b031b01;  // the encodings
    at<uint32_t>(kUnwind + 8) = 7;
    size_t i = 0;
    for (const uint64_t function :
         {kWrite, kWriteEx, kRead, kReadEx, kWriteEx2, kWriteWorker, kReadWorker}) {
      at<int32_t>(kUnwind + 12 + 8 * i++) = static_cast<int32_t>(function - kUnwind);
    }
    put(kStub, {jump_through_slot(kStub)});
    // As gcc 12 compiles OpenSSL 3.0.
    put(kWrite, {kSub, kCountOnStack, kWiden, call(kWrite + 10, kWriteWorker), kReturn});
    put(kWriteEx, {kSub, call(kWriteEx + 4, kWriteWorker), kReturn});
    put(kRead, {kSub, kCountOnStack, kWiden, call(kRead + 10, kReadWorker), kReturn});
    put(kReadEx, {kSub, call(kReadEx + 4, kReadWorker), kReturn});
    put(kWriteWorker, {kPush});
    put(kReadWorker, {kPush});
  }

  static inline const Code kSub = {0x48, 0x83, 0xec, 0x18};      // sub $0x18,%rsp
  static inline const Code kCountOnStack = {0x48, 0x89, 0xe1};   // mov %rsp,%rcx
  static inline const Code kFifthOnStack = {0x49, 0x89, 0xe0};   // mov %rsp,%r8
  static inline const Code kFourthToFifth = {0x49, 0x89, 0xc8};  // mov %rcx,%r8
  static inline const Code kNoFlags = {0x31, 0xc9};              // xor %ecx,%ecx
  static inline const Code kWiden = {0x48, 0x63, 0xd2};          // movslq %edx,%rdx
  static inline const Code kPush = {0x53};                       // push %rbx
  static inline const Code kEndbr64 = {0xf3, 0x0f, 0x1e, 0xfa};
  static inline const Code kReturn = {0x48, 0x83, 0xc4, 0x18, 0xc3};  // add $0x18,%rsp; ret

  static Code call(uint64_t from, uint64_t to) { return with_distance({0xe8}, from, to); }
  static Code jump(uint64_t from, uint64_t to) { return with_distance({0xe9}, from, to); }
  static Code jump_through_slot(uint64_t from) { return with_distance({0xff, 0x25}, from, kSlot); }

  void put(uint64_t address, std::initializer_list<Code> pieces) {
    for (const Code& piece : pieces) {
      std::memcpy(&bytes_[address], piece.data(), piece.size());
      address += piece.size();
    }
  }
  // A whole function: nothing of its former code is left.
  void define(uint64_t function, std::initializer_list<Code> pieces) {
    std::memset(&bytes_[function], 0x90, kFunctionBytes);
    put(function, pieces);
  }
  // OpenSSL 3.5: SSL_write_ex ends in SSL_write_ex2, and the worker has flags.
  void put_flags_form() {
    define(kWrite, {kEndbr64, kSub, kNoFlags, kWiden, kFifthOnStack,
                    call(kWrite + 16, kWriteWorker), kReturn});
    define(kWriteEx, {kEndbr64, kFourthToFifth, kNoFlags, jump(kWriteEx + 9, kStub)});
    define(kWriteEx2, {kEndbr64, kSub, call(kWriteEx2 + 8, kWriteWorker), kReturn});
    define(kWriteWorker, {kEndbr64, kPush});
  }

  Elf64_Ehdr& header() { return at<Elf64_Ehdr>(0); }
  Elf64_Phdr& segment(size_t i) { return at<Elf64_Phdr>(kSegments + i * sizeof(Elf64_Phdr)); }
  Elf64_Shdr& section(size_t i) { return at<Elf64_Shdr>(kSections + i * sizeof(Elf64_Shdr)); }
  Elf64_Sym& symbol(size_t i) { return at<Elf64_Sym>(kSymbols + i * sizeof(Elf64_Sym)); }
  // The address of entry `i` of the unwind table.
  int32_t& unwind_entry(size_t i) { return at<int32_t>(kUnwind + 12 + 8 * i); }
  std::vector<uint8_t>& bytes() { return bytes_; }

  // A file with these bytes; the caller closes it.
  int open() const {
    const int fd = memfd_create("libssl", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, bytes_.data(), bytes_.size()) != static_cast<ssize_t>(bytes_.size())) {
      close(fd);
      return -1;
    }
    return fd;
  }

 private:
  static constexpr size_t kSegments = 0x40;
  static constexpr size_t kSections = 0x100;
  static constexpr size_t kSymbols = 0x300;
  static constexpr size_t kNames = 0x400;
  static constexpr size_t kRelocations = 0x500;
  static constexpr size_t kUnwind = 0x600;

  static Code with_distance(Code code, uint64_t from, uint64_t to) {
    const auto distance = static_cast<int32_t>(to - (from + code.size() + 4));
    code.resize(code.size() + 4);
    std::memcpy(&code[code.size() - 4], &distance, 4);
    return code;
  }
  void add_symbol(size_t i, const char* name, uint64_t address) {
    const auto at_name = static_cast<uint32_t>(i * 0x10);
    std::memcpy(&bytes_[kNames + at_name], name, std::strlen(name) + 1);
    symbol(i) = {at_name, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 5, address, kFunctionBytes};
  }
  template <typename T>
  T& at(size_t offset) {
    return *reinterpret_cast<T*>(&bytes_[offset]);
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace qtap::probe
