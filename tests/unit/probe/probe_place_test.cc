// SPDX-License-Identifier: Apache-2.0
#include "probe/probe_place.h"

#include <doctest/doctest.h>

#include "probe/test_library.h"

namespace qtap::probe {
namespace {

using L = TestLibrary;

Result<Worker> worker_in(int fd) {
  constexpr std::string_view kNames[] = {"SSL_write", "SSL_write_ex"};
  QTAP_TRY(const ElfFile file, ElfFile::open(fd, "libssl"));
  QTAP_TRY(const auto found, find_functions(file, kNames));
  if (!found[0] || !found[1]) return Error{QTAP_ERR_NOTFOUND, "no SSL_write"};
  QTAP_TRY(const CodeMap map, CodeMap::create(file));
  return find_worker(file, map, *found[0], *found[1]);
}

Result<Worker> worker_in(const TestLibrary& library) {
  const int fd = library.open();
  REQUIRE(fd >= 0);
  auto result = worker_in(fd);
  close(fd);
  return result;
}

}  // namespace

#if defined(__x86_64__)
TEST_SUITE("probe/probe_place") {
  TEST_CASE("a function's own place is behind endbr64 when that is what makes it cheap") {
    TestLibrary library;
    uint64_t offset = L::kWriteWorker;
    bool slow = false;
    SUBCASE("push") {}
    SUBCASE("endbr64, push") {
      library.define(L::kWriteWorker, {L::kEndbr64, L::kPush});
      offset += 4;
    }
    SUBCASE("sub") {
      library.define(L::kWriteWorker, {L::kSub});
      slow = true;
    }
    SUBCASE("endbr64, sub") {
      library.define(L::kWriteWorker, {L::kEndbr64, L::kSub});
      slow = true;
    }
    const int fd = library.open();
    const auto file = ElfFile::open(fd, "libssl");
    REQUIRE(file.ok());
    const auto place = own_place(*file, {L::kWriteWorker, L::kWriteWorker, 16, 5});
    REQUIRE(place.ok());
    CHECK(place->offset == offset);
    CHECK(place->slow == slow);
    close(fd);
  }

#ifdef QTAP_TEST_CAPSTONE
  TEST_CASE("what both forms call is the worker, its fourth argument points to the count") {
    TestLibrary library;
    SUBCASE("as gcc compiles it") {}
    SUBCASE("with the error path in front") {
      // jns over: xor; jmp to the return; over: ...
      library.define(L::kWrite, {L::kSub,
                                 {0x79, 0x04},
                                 L::kNoFlags,
                                 {0xeb, 0x0b},
                                 L::kCountOnStack,
                                 L::kWiden,
                                 L::call(L::kWrite + 16, L::kWriteWorker),
                                 L::kReturn});
    }
    SUBCASE("with a frame pointer") {
      library.define(L::kWrite, {{0x55, 0x48, 0x89, 0xe5},  // push %rbp; mov %rsp,%rbp
                                 {0x48, 0x8d, 0x4d, 0xf8},  // lea -8(%rbp),%rcx
                                 L::kWiden,
                                 L::call(L::kWrite + 11, L::kWriteWorker)});
    }
    SUBCASE("as a tail call") {
      library.define(L::kWriteEx, {L::jump(L::kWriteEx, L::kWriteWorker)});
    }
    const auto worker = worker_in(library);
    REQUIRE_MESSAGE(worker.ok(), worker.error().text);
    CHECK(worker->offset == L::kWriteWorker);
    CHECK(worker->count_argument == 4);
  }

  TEST_CASE("with flags it is the fifth") {
    TestLibrary library;
    library.put_flags_form();
    SUBCASE("through the PLT") {}
    SUBCASE("through a PLT with endbr64") {
      library.put(L::kStub, {L::kEndbr64, L::jump_through_slot(L::kStub + 4)});
    }
    SUBCASE("linked directly") {
      library.put(L::kWriteEx + 9, {L::jump(L::kWriteEx + 9, L::kWriteEx2)});
    }
    SUBCASE("without a PLT") {
      library.put(L::kWriteEx + 9, {L::jump_through_slot(L::kWriteEx + 9)});
    }
    const auto worker = worker_in(library);
    REQUIRE_MESSAGE(worker.ok(), worker.error().text);
    CHECK(worker->offset == L::kWriteWorker + 4);
    CHECK(worker->count_argument == 5);
  }

  TEST_CASE("what is not as expected is refused, with the reason") {
    TestLibrary library;
    std::string why = "the arguments of the common function are not understood";
    SUBCASE("no common function") {
      library.put(L::kWriteEx + 4, {L::call(L::kWriteEx + 4, L::kReadWorker)});
      why = "both forms call no common function";
    }
    SUBCASE("two of them") {
      library.put(L::kWrite + 15, {L::call(L::kWrite + 15, L::kReadWorker)});
      library.define(L::kWriteEx, {L::call(L::kWriteEx, L::kReadWorker),
                                   L::call(L::kWriteEx + 5, L::kWriteWorker)});
      library.put(L::kWrite + 10, {L::call(L::kWrite + 10, L::kWriteWorker)});
      why = "";  // the arguments of the second call are lost, or there are two: either will do
    }
    SUBCASE("through the PLT") {
      library.put(L::kWrite + 10, {L::call(L::kWrite + 10, L::kStub)});
      library.put(L::kWriteEx + 4, {L::call(L::kWriteEx + 4, L::kStub)});
      why = "both forms call no common function";
    }
    SUBCASE("an exported one") {
      library.put(L::kWrite + 10, {L::call(L::kWrite + 10, L::kWriteEx2)});
      library.put(L::kWriteEx + 4, {L::call(L::kWriteEx + 4, L::kWriteEx2)});
      why = "both forms call no common function";
    }
    SUBCASE("into the middle of a function") {
      library.put(L::kWrite + 10, {L::call(L::kWrite + 10, L::kWriteWorker + 8)});
      library.put(L::kWriteEx + 4, {L::call(L::kWriteEx + 4, L::kWriteWorker + 8)});
      why = "the common code begins no function";
    }
    SUBCASE("no unwind table") {
      library.segment(1).p_type = PT_NULL;
      why = "the common code begins no function";
    }
    SUBCASE("an unwind table of another kind") {
      library.bytes()[library.segment(1).p_offset + 3] = 0x3c;
      why = "the common code begins no function";
    }
    SUBCASE("outside of the code") {
      library.put(L::kWrite + 10, {L::call(L::kWrite + 10, 0x100000)});
      library.put(L::kWriteEx + 4, {L::call(L::kWriteEx + 4, 0x100000)});
      why = "both forms call no common function";
    }
    SUBCASE("it begins with sub") {
      library.define(L::kWriteWorker, {L::kSub});
      why = "the common function begins with a single-stepped instruction";
    }
    SUBCASE("the count is not on the stack") {
      library.put(L::kWrite + 4, {{0x48, 0x89, 0xf9}});  // mov %rdi,%rcx
    }
    SUBCASE("the object is another one") {
      library.put(L::kWrite, {{0x48, 0x8b, 0x3f, 0x90}});  // mov (%rdi),%rdi
    }
    SUBCASE("the extended form puts its count elsewhere") {
      library.put(L::kWriteEx, {{0x48, 0x89, 0xe1, 0x90}});  // mov %rsp,%rcx
    }
    SUBCASE("the arguments are swapped") {
      library.put(L::kWriteEx, {{0x48, 0x87, 0xf2, 0x90}});  // xchg %rsi,%rdx
    }
    SUBCASE("flags are not zero") {
      library.put_flags_form();
      library.put(L::kWrite + 8, {{0x90, 0x90}});
    }
    SUBCASE("a loop comes back to before the call") {
      library.put(L::kWrite + 15, {{0x75, 0xef}, L::kReturn});  // jne to the first instruction
    }
    SUBCASE("the paths to the call differ") {
      library.define(L::kWrite, {{0x79, 0x03},
                                 L::kCountOnStack,
                                 L::kWiden,  // jns over the first
                                 L::call(L::kWrite + 8, L::kWriteWorker),
                                 L::kReturn});
    }
    SUBCASE("no size") {
      library.symbol(1).st_size = 0;
      why = "a public function has no size, or too large a one";
    }
    SUBCASE("too large") {
      library.symbol(2).st_size = 5000;
      why = "a public function has no size, or too large a one";
    }
    SUBCASE("no instruction") {
      library.put(L::kWrite + 20, {{0x06}});  // push %es: not in 64-bit mode
      why = "it has an instruction that Capstone does not know";
    }
    const auto worker = worker_in(library);
    REQUIRE_FALSE(worker.ok());
    if (!why.empty()) CHECK(worker.error().text == why);
  }
#endif

  TEST_CASE("every single damaged byte gives an answer or an error") {
    TestLibrary whole;
    SUBCASE("four arguments") {}
    SUBCASE("five arguments") {
      whole.put_flags_form();
    }
    for (size_t i = 0; i < whole.bytes().size(); ++i) {
      for (const uint8_t change : Code{0xff, 0x01, 0x80}) {
        TestLibrary library = whole;
        library.bytes()[i] ^= change;
        (void)worker_in(library);
      }
    }
  }

  TEST_CASE("a file that ends early gives an answer or an error") {
    const TestLibrary whole;
    for (size_t size = 0; size < TestLibrary().bytes().size(); size += 5) {
      TestLibrary library = whole;
      library.bytes().resize(size);
      (void)worker_in(library);
    }
  }
}
#endif

}  // namespace qtap::probe
