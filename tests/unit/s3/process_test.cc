// SPDX-License-Identifier: Apache-2.0
#include "s3/process.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

namespace qtap::s3 {
namespace {

using Words = std::vector<std::string>;

Result<Secret> run(Words argv, int64_t timeout_ms = 20'000) {
  return run_program(argv, timeout_ms * 1'000'000);
}

std::string text_of(const Result<Secret>& got) {
  return got ? std::string(got->reveal()) : got.error().text;
}

}  // namespace

TEST_SUITE("s3/process") {
  TEST_CASE("a program's output is what it writes, and no shell sees its words") {
    CHECK(text_of(run({"echo", "$HOME; *"})) == "$HOME; *\n");
    CHECK(text_of(run({"cat"})).empty());  // its input is empty
    CHECK(text_of(run({"sh", "-c", "echo noise >&2; echo a"})) == "a\n");
  }

  TEST_CASE("failures name the program, not its arguments") {
    CHECK(text_of(run({"/none/such", "secret"})) == "run /none/such: No such file or directory");
    CHECK(text_of(run({"sh", "-c", "echo secret; exit 3"})) ==
          "run sh: ended with 3; run it by hand to see why");
    CHECK(text_of(run({"sh", "-c", "kill -9 $$"})) ==
          "run sh: ended by signal 9; run it by hand to see why");
    CHECK(text_of(run_program({}, 1)) == "run a program: none is named");
  }

  TEST_CASE("a program that takes too long is killed with its children") {
    const int64_t begin = monotonic_ns();
    const auto got = run({"sh", "-c", "echo a; sleep 60 & sleep 60"}, 200);
    CHECK(text_of(got) == "run sh: did not end within 200 ms");
    CHECK(got.error().status == QTAP_ERR_TIMEOUT);
    // One that has closed its output, too.
    CHECK(text_of(run({"sh", "-c", "exec >&-; sleep 60"}, 200)) ==
          "run sh: did not end within 200 ms");
    // Whoever is left of them holds the pipe open.
    int held[2];
    REQUIRE(::pipe(held) == 0);
    CHECK(run({"sh", "-c", "sleep 60 & sleep 60"}, 200).error().status == QTAP_ERR_TIMEOUT);
    ::close(held[1]);
    pollfd gone = {held[0], POLLIN, 0};
    CHECK(::poll(&gone, 1, 10'000) == 1);
    ::close(held[0]);
    CHECK(monotonic_ns() - begin < 20'000'000'000);
  }

  TEST_CASE("a program that writes without end is killed") {
    CHECK(text_of(run({"yes"})) == "run yes: wrote more than 64 KiB");
    const auto most = run({"head", "-c", "65536", "/dev/zero"});
    REQUIRE(most.ok());
    CHECK(most->reveal().size() == 65'536);
  }

  TEST_CASE("a command line is split as a shell would, and nothing more") {
    const auto words = [](std::string_view line) { return *split_command(line); };
    CHECK(words("a  b\tc") == Words{"a", "b", "c"});
    CHECK(words(R"(a "b c" 'd "e' f\ g)") == Words{"a", "b c", "d \"e", "f g"});
    CHECK(words(R"(a "" b"c"d "e\"f\\g\n" 'h\i')") == Words{"a", "", "bcd", "e\"f\\g\\n", "h\\i"});
    CHECK(words("$HOME `x` | y > z") == Words{"$HOME", "`x`", "|", "y", ">", "z"});
    CHECK(split_command("a \"b").error().text == "a \" that does not end");
    CHECK(split_command("  ").error().text == "no program is named");
  }
}

}  // namespace qtap::s3
