// SPDX-License-Identifier: Apache-2.0
#include "probe/kernel_check.h"

#include <linux/capability.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "probe/text_file.h"

namespace qtap::probe {
namespace {

constexpr uint64_t kMinMajor = 5;
constexpr uint64_t kMinMinor = 10;
constexpr size_t kMaxFileBytes = 65536;

// Older headers lack them: 5.8 (include/uapi/linux/capability.h).
constexpr int kCapPerfmon = 38;
constexpr int kCapBpf = 39;

// PROC_PID_INIT_INO, the same on every kernel since 3.8 (include/linux/proc_ns.h).
constexpr const char* kInitialPidNamespace = "pid:[4026531836]";

bool has(uint64_t set, int capability) {
  return ((set >> capability) & 1) != 0;
}

}  // namespace

Status check_release(std::string_view release) {
  const size_t dot = release.find('.');
  const std::string_view rest = dot == release.npos ? "" : release.substr(dot + 1);
  const auto major = parse_number(release.substr(0, dot));
  const auto minor = parse_number(rest.substr(0, rest.find_first_not_of("0123456789")));
  if (!major || !minor) {
    return Error{
        "QT040", QTAP_ERR_UNSUPPORTED,
        "start live capture: cannot read the kernel version \"" + std::string(release) + "\""};
  }
  if (*major < kMinMajor || (*major == kMinMajor && *minor < kMinMinor)) {
    return Error{"QT041", QTAP_ERR_UNSUPPORTED,
                 "start live capture: Linux " + std::string(release) +
                     " is too old, 5.10 or newer is needed"};
  }
  return {};
}

Status check_lockdown(std::string_view text) {
  if (text.find("[confidentiality]") == text.npos) return {};
  return Error{"QT043", QTAP_ERR_UNSUPPORTED,
               "start live capture: kernel lockdown is \"confidentiality\", which forbids BPF to "
               "read memory; "
               "boot with lockdown=integrity or lockdown=none"};
}

uint64_t effective_capabilities(std::string_view status_text) {
  std::string_view line;
  while (next_line(status_text, line)) {
    if (!line.starts_with("CapEff:")) continue;
    line.remove_prefix(std::strlen("CapEff:"));
    return parse_number(next_word(line), 16).value_or(0);
  }
  return 0;
}

Status check_capabilities(uint64_t effective, bool need_admin) {
  const bool admin = has(effective, CAP_SYS_ADMIN);
  std::string missing;
  const auto need = [&](bool present, const char* name) {
    if (present) return;
    if (!missing.empty()) missing += ", ";
    missing += name;
  };
  need(admin || has(effective, kCapBpf), "CAP_BPF");
  need(admin || has(effective, kCapPerfmon), "CAP_PERFMON");
  if (need_admin) need(admin, "CAP_SYS_ADMIN (uprobes before Linux 6.6)");
  need(has(effective, CAP_SYS_PTRACE), "CAP_SYS_PTRACE (to read /proc of other users)");
  if (missing.empty()) return {};
  return Error{
      "QT044", QTAP_ERR_PERM,
      "start live capture: missing " + missing + "; run as root or grant it to the program"};
}

Status check_pid_namespace(const std::string& path, std::string_view link) {
  if (link == kInitialPidNamespace) return {};
  return Error{"QT047", QTAP_ERR_UNSUPPORTED,
               "start live capture: " + path + " is " + std::string(link) + ", not the host's " +
                   kInitialPidNamespace +
                   ": processes cannot be told apart from inside a pid namespace; run in the "
                   "host's, e.g. docker run --pid=host, or hostPID: true in a pod"};
}

namespace {

Status check_own_pid_namespace(const std::string& proc_root) {
  const std::string path = proc_root + "/self/ns/pid";
  std::array<char, 64> link;
  const ssize_t len = readlink(path.c_str(), link.data(), link.size());
  if (len >= 0) return check_pid_namespace(path, {link.data(), static_cast<size_t>(len)});
  if (errno == ENOENT) return {};  // a kernel without CONFIG_PID_NS has but one
  return Error{"QT048", QTAP_ERR_IO, "start live capture: read " + path + ": " + strerror(errno)};
}

Status check_own_capabilities(const std::string& proc_root, bool need_admin) {
  const auto status = read_text_file(proc_root + "/self/status", kMaxFileBytes);
  if (!status) {
    return Error{"QT045", QTAP_ERR_IO,
                 "start live capture: read " + proc_root + "/self/status: " + strerror(errno)};
  }
  return check_capabilities(effective_capabilities(*status), need_admin);
}

}  // namespace

Status check_uprobe_permission(const std::string& proc_root) {
  return check_own_capabilities(proc_root, /*need_admin=*/true);
}

Status check_machine(const std::string& sys_root, const std::string& proc_root) {
  struct utsname name = {};
  if (uname(&name) == 0) QTAP_CHECK(check_release(name.release));
  QTAP_CHECK(check_own_capabilities(proc_root, /*need_admin=*/false));
  QTAP_CHECK(check_own_pid_namespace(proc_root));

  const std::string btf = sys_root + "/kernel/btf/vmlinux";
  if (access(btf.c_str(), R_OK) != 0) {
    return Error{"QT046", QTAP_ERR_UNSUPPORTED,
                 "start live capture: read " + btf + ": " + strerror(errno) +
                     "; the kernel must be built with CONFIG_DEBUG_INFO_BTF=y"};
  }
  const auto lockdown = read_text_file(sys_root + "/kernel/security/lockdown", kMaxFileBytes);
  return lockdown ? check_lockdown(*lockdown) : Status();
}

}  // namespace qtap::probe
