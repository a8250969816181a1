// SPDX-License-Identifier: Apache-2.0
#include "probe/kernel_check.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace qtap::probe {
namespace {

constexpr uint64_t kAll = UINT64_MAX;
constexpr uint64_t bit(int capability) {
  return uint64_t{1} << capability;
}
constexpr int kPtrace = 19, kAdmin = 21, kPerfmon = 38, kBpf = 39;

bool contains(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

void put(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

// A faked /proc and /sys.
struct Roots {
  Roots() {
    char name[] = "/tmp/qtap-roots-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    base = name;
    for (const char* part : {"/proc", "/proc/self", "/proc/self/ns", "/sys", "/sys/kernel",
                             "/sys/kernel/btf", "/sys/kernel/security"}) {
      REQUIRE(mkdir((base + part).c_str(), 0700) == 0);
    }
    put(base + "/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
    link_pid_namespace("pid:[4026531836]");
    put(base + "/sys/kernel/btf/vmlinux", "x");
    put(base + "/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
  }
  ~Roots() { CHECK(system(("rm -rf " + base).c_str()) == 0); }
  void link_pid_namespace(const char* target) const {
    const std::string path = base + "/proc/self/ns/pid";
    unlink(path.c_str());
    if (target) REQUIRE(symlink(target, path.c_str()) == 0);
  }
  Status check() const { return check_machine(base + "/sys", base + "/proc"); }
  std::string base;
};

}  // namespace

TEST_SUITE("probe/kernel_check") {
  TEST_CASE("kernels from 5.10 on are accepted") {
    for (const char* release :
         {"5.10.0-46-cloud-amd64", "5.15.0", "6.18.44-fc-v782", "10.0", "5.10"}) {
      CHECK_MESSAGE(check_release(release).ok(), release);
    }
    for (const char* release : {"5.9.16", "4.19.0-27-amd64", "2.6"}) {
      const Status status = check_release(release);
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().status == QTAP_ERR_UNSUPPORTED);
      CHECK(contains(status.error().text, release));
      CHECK(contains(status.error().text, "5.10"));
    }
    for (const char* release : {"", "linux", "6", ".", "6.x"})
      CHECK_FALSE(check_release(release).ok());
  }

  TEST_CASE("only confidentiality lockdown is in the way") {
    CHECK(check_lockdown("[none] integrity confidentiality\n").ok());
    CHECK(check_lockdown("none [integrity] confidentiality\n").ok());
    const Status status = check_lockdown("none integrity [confidentiality]\n");
    REQUIRE_FALSE(status.ok());
    CHECK(contains(status.error().text, "lockdown"));
  }

  TEST_CASE("the missing capabilities are named, the present ones are not") {
    CHECK(check_capabilities(kAll, true).ok());
    CHECK(check_capabilities(bit(kBpf) | bit(kPerfmon) | bit(kPtrace), false).ok());
    CHECK(check_capabilities(bit(kAdmin) | bit(kPtrace), false).ok());

    const Status no_bpf = check_capabilities(kAll & ~bit(kAdmin) & ~bit(kBpf), false);
    REQUIRE_FALSE(no_bpf.ok());
    CHECK(no_bpf.error().status == QTAP_ERR_PERM);
    CHECK(contains(no_bpf.error().text, "missing CAP_BPF;"));

    const Status none = check_capabilities(0, true);
    REQUIRE_FALSE(none.ok());
    for (const char* name :
         {"CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "run as root"}) {
      CHECK(contains(none.error().text, name));
    }
  }

  TEST_CASE("the effective set is read from the status text") {
    CHECK(effective_capabilities("CapPrm:\tff\nCapEff:\t000000c000000000\nCapBnd:\t0\n") ==
          0xc000000000);
    CHECK(effective_capabilities("Name:\tx\n") == 0);
    CHECK(effective_capabilities("CapEff:\tnonsense\n") == 0);
  }

  TEST_CASE("only the initial pid namespace has the pids that BPF tells") {
    const Roots roots;
    roots.link_pid_namespace("pid:[4026532207]");
    const Status status = roots.check();
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().status == QTAP_ERR_UNSUPPORTED);
    CHECK(contains(status.error().text, "/proc/self/ns/pid is pid:[4026532207], not the host's"));
    CHECK(contains(status.error().text, "--pid=host"));
    SUBCASE("a kernel without pid namespaces") {
      roots.link_pid_namespace(nullptr);
      CHECK(roots.check().ok());
    }
    SUBCASE("a link that cannot be read") {
      roots.link_pid_namespace(nullptr);
      put(roots.base + "/proc/self/ns/pid", "no link");
      REQUIRE_FALSE(roots.check().ok());
      CHECK(roots.check().error().status == QTAP_ERR_IO);
    }
  }

  TEST_CASE("a machine is refused for the first thing that it lacks, by name") {
    const Roots roots;
    CHECK(roots.check().ok());
    SUBCASE("no BTF") {
      unlink((roots.base + "/sys/kernel/btf/vmlinux").c_str());
      REQUIRE_FALSE(roots.check().ok());
      CHECK(contains(roots.check().error().text, "/kernel/btf/vmlinux: No such file"));
      CHECK(contains(roots.check().error().text, "CONFIG_DEBUG_INFO_BTF"));
    }
    SUBCASE("lockdown") {
      put(roots.base + "/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
      REQUIRE_FALSE(roots.check().ok());
      CHECK(roots.check().error().status == QTAP_ERR_UNSUPPORTED);
    }
    SUBCASE("no lockdown file at all is fine") {
      unlink((roots.base + "/sys/kernel/security/lockdown").c_str());
      CHECK(roots.check().ok());
    }
    SUBCASE("not root") {
      put(roots.base + "/proc/self/status", "CapEff:\t0000000000000000\n");
      REQUIRE_FALSE(roots.check().ok());
      CHECK(roots.check().error().status == QTAP_ERR_PERM);
    }
    SUBCASE("no /proc") {
      unlink((roots.base + "/proc/self/status").c_str());
      REQUIRE_FALSE(roots.check().ok());
      CHECK(roots.check().error().status == QTAP_ERR_IO);
    }
  }
}

}  // namespace qtap::probe
