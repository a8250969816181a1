// SPDX-License-Identifier: Apache-2.0
// The reference agent: command line -> qtap_config -> qtap_session -> run -> ledger. Public headers
// only.
#include <qtap/qtap.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <string_view>

#include "doctor.h"
#include "options.h"
#include "report.h"
#include "rules.h"
#include "s3.h"
#include "signals.h"

namespace {

// Exit codes of spec/config.md section 11.
constexpr int kStopped = 0;
constexpr int kCannotRun = 1;
constexpr int kUsage = 2;

constexpr int kHintAfterMs = 60'000;  // spec/config.md section 3, "warning: no capture"

struct ConfigFree {
  void operator()(qtap_config* config) const { qtap_config_free(config); }
};
struct SessionFree {
  void operator()(qtap_session* session) const { qtap_session_free(session); }
};

void hint_when_silent(qtap_session* session) {
  qtap_stats stats = {};
  stats.size = sizeof stats;
  if (qtap_session_stats(session, &stats) == 0 && stats.transactions == 0) {
    say_warning("no transaction seen for 60 s; ignore_loopback is on");
  }
}

int64_t now_ms() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// Asked after every poll: the counter is cheap, and the rest only comes when it is not zero.
bool stdout_is_gone(qtap_session* session) {
  qtap_stats stats = {};
  stats.size = sizeof stats;
  return qtap_session_stats(session, &stats) == 0 && stats.sink_dropped > 0 &&
         qtap_session_flush(session, 0) == QTAP_ERR_IO;
}

// Until a signal, the end of the recording, or an error, which is the result. With `needs_stdout` a
// standard output that is closed is a reason to end, too.
int run(qtap_session* session, bool hint, bool needs_stdout) {
  const int64_t hint_at = now_ms() + kHintAfterMs;
  while (qtap_session_done(session) == 0) {
    const int64_t wait = hint_at - now_ms();
    if (hint && wait <= 0) {
      hint = false;
      hint_when_silent(session);
    }
    const int n = qtap_session_poll(session, hint ? static_cast<int>(wait) : -1);
    if (n < 0) return n;
    if (needs_stdout && stdout_is_gone(session)) qtap_session_stop(session);
  }
  return 0;
}

// What a configuration file or --set adds is not looked into: it may be another output.
bool writes_only_to_stdout(const Options& options) {
  if (!options.config.empty() || !options.objects.empty() || !options.record.empty()) return false;
  for (const auto& [key, value] : options.settings) {
    if (key.starts_with("services.") || key == "capture.record_file") return false;
  }
  return true;
}

int capture(qtap_session* session, const Options& options) {
  stop_on_signals(session);
  const int started = qtap_session_start(session);
  if (started < 0) {
    say_error(qtap_session_error(session));
    return started == QTAP_ERR_INVALID ? kUsage : kCannotRun;
  }
  if (started == QTAP_WARN_PARTIAL) say_warning(qtap_session_error(session));
  if (signalled()) qtap_session_stop(session);  // it came before there was anything to stop
  if (options.replay.empty()) say_ready(session);

  const bool hint = options.config.empty() && options.replay.empty() && !options.all;
  const bool needs_stdout = writes_only_to_stdout(options);
  bool failed = false;
  if (run(session, hint, needs_stdout) < 0) {
    say_error(qtap_session_error(session));
    failed = true;
  }
  const int flushed = qtap_session_flush(session, -1);
  if (flushed == QTAP_ERR_IO && needs_stdout) {
    say_error(qtap_session_error(session));
    failed = true;
  } else if (flushed < 0) {
    say_warning(qtap_session_error(session));
  }
  say_ledger(session);
  forget_session();
  return failed ? kCannotRun : kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "doctor") return doctor(argc - 1, argv + 1);
  if (command == "rules") return rules(argc - 1, argv + 1);
  if (command == "s3") return s3(argc - 1, argv + 1);
  Options options;
  if (const std::string error = read_options(argc, argv, options); !error.empty()) {
    say_error(error.c_str());
    return kUsage;
  }
  if (options.help) return fputs(help_text(), stdout) < 0 ? kCannotRun : kStopped;
  if (options.version) return printf("qtap-mini %s\n", qtap_version()) < 0 ? kCannotRun : kStopped;

  qtap_config* raw_config = nullptr;
  if (qtap_config_new(&raw_config) < 0) {
    say_error("out of memory");
    return kCannotRun;
  }
  const std::unique_ptr<qtap_config, ConfigFree> config(raw_config);
  qtap_config_set_logger(config.get(), log_line, &options.log_level);
  if (options.config.empty()) {
    log_line(QTAP_LOG_INFO, "no config file provided, using default config", &options.log_level);
  }
  if (const std::string error = apply_options(options, config.get()); !error.empty()) {
    say_error(error.c_str());
    return kUsage;
  }

  qtap_session* raw_session = nullptr;
  if (qtap_session_new(&raw_session, config.get()) < 0) {
    say_error(qtap_config_error(config.get()));
    return kUsage;
  }
  const std::unique_ptr<qtap_session, SessionFree> session(raw_session);
  return capture(session.get(), options);
}
