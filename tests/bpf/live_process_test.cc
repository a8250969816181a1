// SPDX-License-Identifier: Apache-2.0
// Processes: their images, threads, children and ends.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <set>
#include <string>

#include "capture.h"

namespace qtap::test {

TEST_SUITE("bpf/live_process") {
  TEST_CASE("a process has one EXEC per image and one EXIT, whatever its threads do") {
    Capture capture(live_options());
    const pid_t pid = run(capture, python("threads"));
    CHECK(capture.of(RecordType::kExec, pid).size() == 1);
    const auto exits = capture.of(RecordType::kExit, pid);
    REQUIRE(exits.size() == 1);
    CHECK(WEXITSTATUS(exits[0]->record.exit_code) == 7);
    std::set<std::string> children;
    for (const Kept* kept : capture.of(RecordType::kExit)) {
      if (kept->record.ppid == static_cast<uint32_t>(pid)) {
        children.insert(kept->comm + " " + std::to_string(WEXITSTATUS(kept->record.exit_code)));
      }
    }
    CHECK(children == std::set<std::string>{"python3 3", "true 0"});
    const Kept* exec = capture.first(RecordType::kExec, pid);
    CHECK(exec->exe == "/usr/bin/python3");
    CHECK(exec->record.start_ns > 0);
    CHECK(exec->record.start_ns == exits[0]->record.start_ns);
    const Kept* who = capture.first(RecordType::kProcessInfo, pid);
    REQUIRE(who != nullptr);
    CHECK(who->record.start_ns == exec->record.start_ns);
    CHECK(who->exe.starts_with("/usr/bin/python3."));
  }
}

}  // namespace qtap::test
