// SPDX-License-Identifier: Apache-2.0
#include "probe/libbpf_log.h"

#include <bpf/libbpf.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace qtap::probe {

TEST_SUITE("probe/libbpf_log") {
  TEST_CASE("of a verifier log the last line that says something is kept") {
    CHECK(last_verifier_line("libbpf: prog 'x': -- BEGIN PROG LOAD LOG --\n"
                             "0: R1=ctx() R10=fp0\n"
                             "; return *p; @ x.c:3\n"
                             "R2 min value is negative, either use unsigned or 'var &= const'\n"
                             "processed 7 insns (limit 1000000)\n"
                             "-- END PROG LOAD LOG --\n") ==
          "R2 min value is negative, either use unsigned or 'var &= const'");
    CHECK(last_verifier_line("").empty());
    CHECK(last_verifier_line(std::string(5000, 'x')).size() == 400);
  }

  TEST_CASE("the host's print function comes back, and a fresh log explains nothing") {
    const libbpf_print_fn_t mine = [](libbpf_print_level, const char*, va_list) { return 0; };
    const libbpf_print_fn_t before = libbpf_set_print(mine);
    {
      const LibbpfLog log;
      CHECK(log.reason().empty());
    }
    const bool restored = libbpf_set_print(before) == mine;
    CHECK(restored);
  }

  TEST_CASE("what libbpf says is printed when the hook is the host's again") {
    const libbpf_print_fn_t mine = [](libbpf_print_level, const char*, va_list) { return 0; };
    const libbpf_print_fn_t before = libbpf_set_print(mine);
    std::vector<std::string> lines;
    bool is_free = false;
    {
      const LibbpfLog log([&](const std::string& line) {
        lines.push_back(line);
        const LibbpfLog nested;  // nobody waits for the one that prints
        is_free = true;
      });
      CHECK(bpf_object__open("/nonexistent.o") == nullptr);
      CHECK(lines.empty());
    }
    libbpf_set_print(before);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("libbpf: "));
    CHECK(lines[0].find("/nonexistent.o") != std::string::npos);
    CHECK(is_free);
  }

  TEST_CASE("the first warning is the reason") {
    const LibbpfLog log;
    bpf_object* object = bpf_object__open("/nonexistent.o");
    CHECK(object == nullptr);
    CHECK(log.reason().find("/nonexistent.o") != std::string::npos);
    CHECK(log.reason().find('\n') == std::string::npos);
  }
}

}  // namespace qtap::probe
