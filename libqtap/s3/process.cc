// SPDX-License-Identifier: Apache-2.0
#include "s3/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"

extern char** environ;

namespace qtap::s3 {
namespace {

constexpr size_t kMaxOutputBytes = 64 * 1024;

// What is to be undone of posix_spawn's settings.
struct Settings {
  Settings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~Settings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// 0, or an errno.
int spawn(std::span<const std::string> argv, int output, pid_t* ret) {
  Settings settings;
  posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&settings.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // A group of its own, so that its children end with it; and signals as a new program expects.
  sigset_t none;
  sigset_t usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &usual);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  return posix_spawnp(ret, words[0], &settings.actions, &settings.attributes, words.data(),
                      environ);
}

int wait_for(pid_t pid) {
  int state = 0;
  while (::waitpid(pid, &state, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return state;
}

int left_ms(int64_t until_ns) {
  return static_cast<int>(std::max<int64_t>(0, (until_ns - monotonic_ns() + 999'999) / 1'000'000));
}

// Readable before `until_ns`?
bool is_ready(int fd, int64_t until_ns) {
  for (;;) {
    pollfd one = {fd, POLLIN, 0};
    const int got = ::poll(&one, 1, left_ms(until_ns));
    if (got > 0) return true;
    if (got == 0 || errno != EINTR) return false;
  }
}

enum class Reading { kDone, kTooLong, kTooLate };

Reading read_all(int fd, int64_t until_ns, std::array<char, kMaxOutputBytes + 1>& into,
                 size_t& used) {
  while (used < into.size()) {
    if (!is_ready(fd, until_ns)) return Reading::kTooLate;
    const ssize_t got = ::read(fd, into.data() + used, into.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Reading::kDone;
    used += static_cast<size_t>(got);
  }
  return Reading::kTooLong;
}

// It has closed its output: does it also end in time?
bool ends(pid_t pid, int64_t until_ns) {
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return !handle || is_ready(handle.get(), until_ns);
}

}  // namespace

Result<Secret> run_program(std::span<const std::string> argv, int64_t timeout_ns) {
  if (argv.empty()) return Error(QTAP_ERR_INVALID, "run a program: none is named");
  const std::string what = "run " + argv[0] + ": ";  // its arguments may be secret
  int ends_of_pipe[2];
  if (::pipe2(ends_of_pipe, O_CLOEXEC) < 0) return Error(QTAP_ERR_IO, what + strerror(errno));
  const UniqueFd ours(ends_of_pipe[0]);
  UniqueFd theirs(ends_of_pipe[1]);
  const int64_t until_ns = monotonic_ns() + timeout_ns;
  pid_t pid = -1;
  if (const int error = spawn(argv, theirs.get(), &pid); error != 0) {
    return Error(QTAP_ERR_IO, what + strerror(error));
  }
  theirs.reset();

  std::array<char, kMaxOutputBytes + 1> output;
  size_t used = 0;
  Reading reading = read_all(ours.get(), until_ns, output, used);
  if (reading == Reading::kDone && !ends(pid, until_ns)) reading = Reading::kTooLate;
  if (reading != Reading::kDone) ::kill(-pid, SIGKILL);
  const int state = wait_for(pid);
  Secret text(std::string_view(output.data(), used));
  cleanse(output.data(), used);

  if (reading == Reading::kTooLate) {
    return Error(QTAP_ERR_TIMEOUT,
                 what + "did not end within " + std::to_string(timeout_ns / 1'000'000) + " ms");
  }
  if (reading == Reading::kTooLong) return Error(QTAP_ERR_LIMIT, what + "wrote more than 64 KiB");
  if (state >= 0 && WIFEXITED(state) && WEXITSTATUS(state) == 0) return text;
  const bool is_signal = state >= 0 && WIFSIGNALED(state);
  return Error(QTAP_ERR_IO, what +
                                (state < 0   ? "its exit status is lost (SIGCHLD is ignored?)"
                                 : is_signal ? "ended by signal " + std::to_string(WTERMSIG(state))
                                             : "ended with " + std::to_string(WEXITSTATUS(state))) +
                                "; run it by hand to see why");
}

Result<std::vector<std::string>> split_command(std::string_view line) {
  std::vector<std::string> words;
  char quote = 0;
  bool is_word = false;
  for (size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    const bool is_blank = c == ' ' || c == '\t';
    if (quote == 0 && is_blank) {
      is_word = false;
      continue;
    }
    if (!is_word) words.emplace_back();
    is_word = true;
    if (c == '\\' && quote != '\'' && at + 1 < line.size() &&
        (quote == 0 || line[at + 1] == '"' || line[at + 1] == '\\')) {
      words.back() += line[++at];
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return Error(QTAP_ERR_INVALID, std::string("a ") + quote + " that does not end");
  if (words.empty()) return Error(QTAP_ERR_INVALID, "no program is named");
  return words;
}

}  // namespace qtap::s3
