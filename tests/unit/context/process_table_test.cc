// SPDX-License-Identifier: Apache-2.0
#include "context/process_table.h"

#include <doctest/doctest.h>

#include <string>

using namespace qtap;
using context::container_id_of_cgroup;

namespace {

const std::string kId = std::string(32, 'a') + std::string(32, '7');

Record info(uint32_t pid, std::string_view exe) {
  Record r;
  r.type = RecordType::kProcessInfo;
  r.pid = pid;
  r.exe = exe;
  r.user = "root";
  return r;
}

}  // namespace

TEST_SUITE("context/process_table") {
  TEST_CASE("the container id is found in the cgroup of every common runtime") {
    for (const std::string& path :
         {"/docker/" + kId, "/system.slice/docker-" + kId + ".scope",
          "/kubepods.slice/kubepods-pod1234.slice/cri-containerd-" + kId + ".scope",
          "/machine.slice/libpod-" + kId + ".scope/container", "/crio-" + kId}) {
      CAPTURE(path);
      CHECK(container_id_of_cgroup(path) == "aaaaaaaaaaaa");
    }
  }

  TEST_CASE("a cgroup that names no container gives none") {
    for (const char* path : {"", "/", "/user.slice/user-0.slice/session-1.scope", "/abc123",
                             "/kubepods/pod0123456789abcdef0123456789abcdef"}) {
      CAPTURE(path);
      CHECK(container_id_of_cgroup(path).empty());
    }
  }

  TEST_CASE("what is told of a process is found by its pid until it ends") {
    context::ProcessTable table;
    table.on_record(info(7, "/usr/bin/curl"));
    REQUIRE(table.find(7));
    CHECK(table.find(7)->exe == "/usr/bin/curl");
    CHECK(table.find(7)->user == "root");
    CHECK(table.find(8) == nullptr);
    Record exit;
    exit.type = RecordType::kExit;
    exit.pid = 7;
    table.on_record(exit);
    CHECK(table.find(7) == nullptr);
    CHECK(table.size() == 0);
  }

  TEST_CASE("exec replaces the program of a process") {
    context::ProcessTable table;
    table.on_record(info(7, "/bin/sh"));
    Record exec;
    exec.type = RecordType::kExec;
    exec.pid = 7;
    exec.exe = "/usr/bin/curl";
    exec.comm = "curl";
    table.on_record(exec);
    CHECK(table.find(7)->exe == "/usr/bin/curl");
    CHECK(table.find(7)->comm == "curl");
  }

  TEST_CASE("the table is bounded and drops the oldest first") {
    context::ProcessTable table;
    for (uint32_t pid = 1; pid <= context::ProcessTable::kMaxProcesses + 10; ++pid) {
      table.on_record(info(pid, "/x"));
    }
    CHECK(table.size() == context::ProcessTable::kMaxProcesses);
    CHECK(table.find(10) == nullptr);
    CHECK(table.find(11) != nullptr);
  }
}
