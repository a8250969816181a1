// SPDX-License-Identifier: Apache-2.0
#include "probe/process_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace qtap::probe {

TEST_SUITE("probe/process_files") {
  TEST_CASE("the start time is found behind any program name") {
    const std::string tail = " S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 4096 1 rest";
    CHECK(parse_start_ns("42 (curl)" + tail) == 123'450'000'000u);
    CHECK(parse_start_ns("42 (a) S (b c)" + tail) == 123'450'000'000u);
    CHECK_FALSE(parse_start_ns("42 (curl) S 1 1").has_value());
    CHECK_FALSE(parse_start_ns("").has_value());
    CHECK_FALSE(
        parse_start_ns("1 (x) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551615 1")
            .has_value());
  }

  TEST_CASE("the cgroup is that of v2, or the longest of v1 where v2 says nothing") {
    CHECK(parse_cgroup("0::/system.slice/nginx.service\n") == "/system.slice/nginx.service");
    CHECK(parse_cgroup("12:memory:/docker/abc\n11:cpu,cpuacct:/docker\n0::/\n") == "/docker/abc");
    CHECK(parse_cgroup("0::/\n") == "/");
    CHECK(parse_cgroup("1:name=systemd:/a:b\n") == "/a:b");
    CHECK(parse_cgroup("nonsense\n:\n").empty());
    CHECK(parse_cgroup("").empty());
  }

  TEST_CASE("executable mappings are found by file name") {
    const auto wanted = [](std::string_view name) { return name.starts_with("libssl"); };
    const auto files = parse_maps(
        "7f0000000000-7f0000001000 r--p 00000000 fd:01 77   /usr/lib/libssl.so.3\n"
        "7f0000001000-7f0000002000 r-xp 00001000 fd:01 77   /usr/lib/libssl.so.3\n"
        "00400000-00401000 r-xp 00000000 00:2f 9   /opt/my app/libssl.so.1.1 (deleted)\n"
        "7f0000003000-7f0000004000 r-xp 00000000 fd:01 78   /usr/lib/libc.so.6\n"
        "7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0    [vdso]\n"
        "7f0000005000-7f0000006000 rwxp 00000000 00:00 0 \n"
        "garbage\n"
        "x-y r-xp 0 fd:01 5 /usr/lib/libssl.so.3",
        wanted);
    REQUIRE(files.size() == 2);
    CHECK(files[0].path == "/usr/lib/libssl.so.3");
    CHECK(files[0].inode == 77);
    CHECK(files[0].device == "fd:01");
    CHECK(files[0].start == 0x7f0000001000);
    CHECK_FALSE(files[0].deleted);
    CHECK(files[1].path == "/opt/my app/libssl.so.1.1");
    CHECK(files[1].deleted);
    CHECK(files[1].end == 0x401000);
  }

  TEST_CASE("we find ourselves in /proc") {
    const auto facts = read_process("/proc", static_cast<uint32_t>(getpid()));
    REQUIRE(facts.has_value());
    CHECK(facts->ppid == static_cast<uint32_t>(getppid()));
    CHECK(facts->uid == getuid());
    CHECK(facts->start_ns > 0);
    CHECK_FALSE(facts->comm.empty());
    CHECK(facts->exe.starts_with('/'));
    CHECK_FALSE(list_processes("/proc").empty());
  }

  TEST_CASE("a process that does not exist is none") {
    CHECK_FALSE(read_process("/proc", 0x7fffffff).has_value());
    CHECK_FALSE(read_process("/nonexistent", 1).has_value());
    CHECK(list_processes("/nonexistent").empty());
  }
}

}  // namespace qtap::probe
