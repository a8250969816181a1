// SPDX-License-Identifier: Apache-2.0
#include "probe/bio_methods.h"

#include <doctest/doctest.h>

#include "probe/test_library.h"

namespace qtap::probe {
namespace {

using L = TestLibrary;

// In the free space of the test's library: two tables and their names, and the relocations that
// fill the tables. kWriteEx2 is the common converter, the workers are what writes.
constexpr uint64_t kData = 0x1900;
constexpr uint64_t kMemoryTable = kData;
constexpr uint64_t kPairTable = kData + 0x40;
constexpr uint64_t kMemoryName = kData + 0x80;
constexpr uint64_t kPairName = kData + 0xa0;
constexpr uint64_t kFills = kData + 0x100;
constexpr uint64_t kConverter = 0x1300;

class BioLibrary : public TestLibrary {
 public:
  BioLibrary() {
    bytes().resize(0x1b00);
    header().e_phnum = 3;
    segment(2) = {PT_LOAD, PF_R | PF_W, kData, kData, kData, 0x200, 0x200, 0x1000};
    section(3) = {0, SHT_RELA, 0, 0, kFills, 6 * sizeof(Elf64_Rela), 0, 0, 0, 0};
    // BIO_s_mem and BIO_s_bio stand where SSL_read and SSL_read_ex do.
    define(kRead, {{0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3}});
    define(kReadEx, {{0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3}});
    set(kRead + 3, static_cast<int32_t>(kMemoryTable - (kRead + 7)));
    set(kReadEx + 7, static_cast<int32_t>(kPairTable - (kReadEx + 11)));
    set(kMemoryTable, int32_t{0x401});
    set(kPairTable, int32_t{0x413});
    std::memcpy(&bytes()[kMemoryName], "memory buffer", 14);
    std::memcpy(&bytes()[kPairName], "BIO pair", 9);
    relocate(0, kMemoryTable + 8, kMemoryName);
    relocate(1, kMemoryTable + 16, kConverter);
    relocate(2, kMemoryTable + 24, kWriteWorker);
    relocate(3, kPairTable + 8, kPairName);
    relocate(4, kPairTable + 16, kConverter);
    relocate(5, kPairTable + 24, kReadWorker);
    unwind_entry(4) = static_cast<int32_t>(kConverter - segment(1).p_vaddr);
  }

  template <typename T>
  void set(uint64_t at, T value) {
    std::memcpy(&bytes()[at], &value, sizeof(value));
  }
  void relocate(size_t i, uint64_t at, uint64_t value) {
    set(kFills + i * sizeof(Elf64_Rela),
        Elf64_Rela{at, ELF64_R_INFO(0, R_X86_64_RELATIVE), static_cast<int64_t>(value)});
  }
};

Result<std::vector<uint64_t>> writers_in(int fd) {
  constexpr std::string_view kNames[] = {"SSL_read", "SSL_read_ex"};
  QTAP_TRY(const ElfFile file, ElfFile::open(fd, "libcrypto"));
  QTAP_TRY(const auto found, find_functions(file, kNames));
  QTAP_TRY(const CodeMap map, CodeMap::create(file));
  return memory_bio_writers(file, map, {found[0], found[1]});
}

Result<std::vector<uint64_t>> writers_in(const TestLibrary& library) {
  const int fd = library.open();
  REQUIRE(fd >= 0);
  auto result = writers_in(fd);
  close(fd);
  return result;
}

}  // namespace

#if defined(__x86_64__)
TEST_SUITE("probe/bio_methods") {
  TEST_CASE("what the tables of BIO_s_mem and BIO_s_bio name is found") {
    BioLibrary library;
    uint64_t memory = L::kWriteWorker;
    SUBCASE("push") {}
    SUBCASE("endbr64, push") {
      library.define(L::kWriteWorker, {L::kEndbr64, L::kPush});
      memory += 4;
    }
    const auto writers = writers_in(library);
    REQUIRE_MESSAGE(writers.ok(), writers.error().text);
    CHECK(*writers == std::vector<uint64_t>{memory, L::kReadWorker});
  }

  TEST_CASE("tables that packed relocations fill") {
    // As ld -z pack-relative-relocs does it: the file holds the values.
    BioLibrary library;
    constexpr uint32_t kRelr = 19;
    for (const auto& [at, value] : {std::pair{kMemoryTable + 8, kMemoryName},
                                    {kMemoryTable + 16, kConverter},
                                    {kMemoryTable + 24, L::kWriteWorker},
                                    {kPairTable + 8, kPairName},
                                    {kPairTable + 16, kConverter},
                                    {kPairTable + 24, L::kReadWorker}}) {
      library.set(at, uint64_t{value});
    }
    std::vector<uint64_t> packed;
    SUBCASE("addresses and bitmaps") {
      packed = {kMemoryTable + 8, 0b111, kPairTable + 8, 0b111};
    }
    SUBCASE("one bitmap over both tables") {
      packed = {kMemoryTable + 8, 1 | (0b11 << 1) | (0b111ULL << 8)};
    }
    SUBCASE("behind a bitmap that is full of others") {
      packed = {kMemoryTable + 8 - 64 * 8, 1, 1 | (0b111 << 1) | (0b111ULL << 9)};
    }
    library.section(3) = {0, kRelr, 0, 0, kFills, packed.size() * 8, 0, 0, 0, 0};
    for (size_t i = 0; i < packed.size(); ++i) library.set(kFills + i * 8, packed[i]);
    const auto writers = writers_in(library);
    REQUIRE_MESSAGE(writers.ok(), writers.error().text);
    CHECK(*writers == std::vector<uint64_t>{L::kWriteWorker, L::kReadWorker});
  }

  TEST_CASE("what is not as expected is refused, with the reason") {
    BioLibrary library;
    std::string why = "the functions of memory BIOs are not understood";
    SUBCASE("the function does something else") {
      library.define(L::kRead, {L::kPush});
      why = "a function for a kind of BIO does more than return a table";
    }
    SUBCASE("there is none") {
      library.symbol(4).st_shndx = SHN_UNDEF;
      why = "there is no function for a kind of BIO";
    }
    SUBCASE("the table is outside of the data") {
      library.set(L::kRead + 3, int32_t{0x100000});
      why = "the table of a kind of BIO is not where its function says";
    }
    SUBCASE("the type is another one") {
      library.set(kMemoryTable, int32_t{0x402});
      why = "the table of a kind of BIO is of another kind";
    }
    SUBCASE("the name is another one") {
      library.bytes()[kPairName] = 'b';
      why = "the table of a kind of BIO is of another kind";
    }
    SUBCASE("the name goes on") {
      library.bytes()[kPairName + 8] = 's';
      why = "the table of a kind of BIO is of another kind";
    }
    SUBCASE("nothing fills the table") {
      library.section(3).sh_type = SHT_PROGBITS;
      why = "the table of a kind of BIO is not where its function says";
    }
    SUBCASE("two converters") {
      library.relocate(4, kPairTable + 16, L::kWrite);
    }
    SUBCASE("no converter") {
      library.relocate(1, kMemoryTable + 16, 0);
      library.relocate(4, kPairTable + 16, 0);
    }
    SUBCASE("the same function for both") {
      library.relocate(5, kPairTable + 24, L::kWriteWorker);
    }
    SUBCASE("a function that is exported") {
      library.relocate(2, kMemoryTable + 24, L::kWrite);
      why = "what writes to a memory BIO begins no function of its own";
    }
    SUBCASE("the middle of a function") {
      library.relocate(2, kMemoryTable + 24, L::kWriteWorker + 8);
      why = "what writes to a memory BIO begins no function of its own";
    }
    SUBCASE("a place that the kernel single-steps") {
      library.define(L::kReadWorker, {L::kSub});
      why = "what writes to a memory BIO begins with a single-stepped instruction";
    }
    const auto writers = writers_in(library);
    REQUIRE_FALSE(writers.ok());
    CHECK(writers.error().text == why);
  }

  TEST_CASE("every single damaged byte gives an answer or an error") {
    const BioLibrary whole;
    for (size_t i = 0; i < BioLibrary().bytes().size(); ++i) {
      for (const uint8_t change : Code{0xff, 0x01, 0x80}) {
        BioLibrary library = whole;
        library.bytes()[i] ^= change;
        (void)writers_in(library);
      }
    }
  }
}
#endif

}  // namespace qtap::probe
