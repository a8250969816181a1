// SPDX-License-Identifier: Apache-2.0
#include "probe/process_cache.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace qtap::probe {
namespace {

constexpr uint32_t kNobody = 0x7fffff00;  // beyond kernel.pid_max

Record exec_of(uint32_t pid) {
  Record record;
  record.type = RecordType::kExec;
  record.pid = pid;
  record.ppid = 7;
  record.uid = 0;
  record.start_ns = 990'000'000;
  record.comm = "curl";
  record.exe = "/usr/bin/curl";
  return record;
}

}  // namespace

TEST_SUITE("probe/process_cache") {
  TEST_CASE("a process is introduced once") {
    ProcessCache cache("/proc", "/etc/passwd");
    const auto self = static_cast<uint32_t>(getpid());
    const Record* info = cache.introduce(self, 55);
    REQUIRE(info != nullptr);
    CHECK(info->type == RecordType::kProcessInfo);
    CHECK(info->pid == self);
    CHECK(info->time_ns == 55);
    CHECK(info->uid == getuid());
    CHECK_FALSE(info->user.empty());
    CHECK(cache.introduce(self, 56) == nullptr);
  }

  TEST_CASE("a process that is gone is known by its exec, or not at all") {
    ProcessCache cache("/proc", "/nonexistent");
    CHECK(cache.introduce(kNobody, 1) == nullptr);
    cache.on_exec(exec_of(kNobody));
    const Record* info = cache.introduce(kNobody, 2);
    REQUIRE(info != nullptr);
    CHECK(info->exe == "/usr/bin/curl");
    CHECK(info->comm == "curl");
    CHECK(info->ppid == 7);
    CHECK(info->user == "0");
    CHECK(info->start_ns == 990'000'000);
  }

  TEST_CASE("a new image is introduced again, with the start time of its exec") {
    ProcessCache cache("/proc", "/etc/passwd");
    const auto self = static_cast<uint32_t>(getpid());
    REQUIRE(cache.introduce(self, 1) != nullptr);
    cache.on_exec(exec_of(self));
    const Record* info = cache.introduce(self, 2);
    REQUIRE(info != nullptr);
    CHECK(info->start_ns == 990'000'000);
    CHECK(info->ppid == static_cast<uint32_t>(getppid()));  // /proc knows better
    cache.on_exit(self);
    CHECK(cache.size() == 0);
    CHECK(cache.introduce(self, 3) != nullptr);
  }

  TEST_CASE("what a look found may be known before the exec of that image is told") {
    ProcessCache cache("/proc", "/nonexistent");
    constexpr FoundLibrary kFound = {TlsLibrary::kProbed, 25};
    Record exec = exec_of(kNobody);
    exec.time_ns = 20;
    SUBCASE("the look came behind the exec") {
      CHECK(cache.learn_tls_library(kNobody, kFound, 21));
      CHECK_FALSE(cache.learn_tls_library(kNobody, kFound, 22));
      cache.on_exec(exec);
      const Record* info = cache.introduce(kNobody, 30);
      REQUIRE(info != nullptr);
      CHECK(info->tls_library == TlsLibrary::kProbed);
      CHECK(info->probed_ns == 25);
    }
    SUBCASE("it was of the image before") {
      CHECK(cache.learn_tls_library(kNobody, kFound, 19));
      cache.on_exec(exec);
      const Record* info = cache.introduce(kNobody, 30);
      REQUIRE(info != nullptr);
      CHECK(info->tls_library == TlsLibrary::kUnknown);
      CHECK(info->probed_ns == 0);
    }
  }

  TEST_CASE("the oldest processes are forgotten") {
    ProcessCache cache("/proc", "/nonexistent");
    for (uint32_t i = 0; i < ProcessCache::kMaxProcesses + 10; ++i)
      cache.on_exec(exec_of(kNobody + i));
    CHECK(cache.size() == ProcessCache::kMaxProcesses);
    CHECK(cache.introduce(kNobody, 1) == nullptr);  // forgotten
    CHECK(cache.introduce(kNobody + ProcessCache::kMaxProcesses + 9, 1) != nullptr);
  }
}

}  // namespace qtap::probe
