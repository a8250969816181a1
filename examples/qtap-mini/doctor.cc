// SPDX-License-Identifier: Apache-2.0
// Nothing is stored and no content is looked at: no stack, no sinks, only the reports of
// connections.
#include "doctor.h"

#include <getopt.h>
#include <qtap/qtap.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "coverage.h"
#include "report.h"
#include "signals.h"

namespace {

constexpr int kDone = 0;
constexpr int kCannotRun = 1;
constexpr int kUsage = 2;

constexpr long kMaxSeconds = 86'400;

constexpr std::string_view kHelp =
    "Usage: qtap-mini doctor [--seconds N] [--json] [--budget SHARE]\n"
    "Watches the TLS connections of this machine for N seconds (default 10; Ctrl-C ends it "
    "before)\n"
    "and says for each process how much of them was decrypted, and why not the rest. Stores\n"
    "nothing. Needs root.\n"
    "\n"
    "  --seconds N     how long, 1 to 86400\n"
    "  --json          one JSON document instead of lines\n"
    "  --budget SHARE  the agent's capture.budget.process, such as 5%: who would be captured "
    "less?\n"
    "\n"
    "The answer goes to stdout, everything else to stderr; TLS_PROBES of the environment is what\n"
    "it is for the agent. Exit codes: 0 done, 1 cannot capture, 2 wrong usage.\n";

struct DoctorOptions {
  int64_t seconds = 10;
  bool json = false;
  std::string budget;
  bool help = false;
};

struct ConfigFree {
  void operator()(qtap_config* config) const { qtap_config_free(config); }
};
struct SessionFree {
  void operator()(qtap_session* session) const {
    forget_session();
    qtap_session_free(session);
  }
};

// Empty on success, else what is wrong with the command line.
std::string read_flags(int argc, char** argv, DoctorOptions& options) {
  constexpr std::array kFlags = {
      option{"seconds", required_argument, nullptr, 's'},
      option{"json", no_argument, nullptr, 'j'},
      option{"budget", required_argument, nullptr, 'b'},
      option{"help", no_argument, nullptr, 'h'},
      option{nullptr, 0, nullptr, 0},
  };
  opterr = 0;
  for (;;) {
    const int flag = getopt_long(argc, argv, ":h", kFlags.data(), nullptr);
    if (flag == -1) break;
    if (flag == 's') {
      char* end = nullptr;
      options.seconds = strtol(optarg, &end, 10);
      if (end == optarg || *end != '\0' || options.seconds < 1 || options.seconds > kMaxSeconds) {
        return std::string("--seconds: expected a whole number from 1 to 86400, got \"") + optarg +
               "\"";
      }
    } else if (flag == 'j') {
      options.json = true;
    } else if (flag == 'b') {
      options.budget = optarg;
    } else if (flag == 'h') {
      options.help = true;
    } else if (flag == ':') {
      return std::string(argv[optind - 1]) + " needs a value; see qtap-mini doctor --help";
    } else {
      return std::string("unknown flag ") + argv[optind - 1] + "; see qtap-mini doctor --help";
    }
  }
  if (optind == argc) return "";
  return std::string("unexpected argument \"") + argv[optind] + "\"; see qtap-mini doctor --help";
}

// Without a stack there is nothing but connections.
std::string configure(qtap_config* config, const DoctorOptions& options) {
  constexpr std::string_view kYaml =
      "version: 2\n"
      "services: { event_stores: [], object_stores: [] }\n"
      "tap: { direction: all, ignore_loopback: false }\n";
  if (qtap_config_parse_named(config, kYaml.data(), kYaml.size(), "doctor") < 0)
    return qtap_config_error(config);
  const char* probes = getenv("TLS_PROBES");
  if (probes && qtap_config_set(config, "capture.tls_probes", probes) < 0)
    return qtap_config_error(config);
  if (!options.budget.empty() &&
      qtap_config_set(config, "capture.budget.process", options.budget.c_str()) < 0) {
    return qtap_config_error(config);
  }
  return "";
}

// What could not be attached is part of the answer; other than that only errors are worth a line.
void take_log_line(int level, const char* message, void* user) {
  int worst = QTAP_LOG_ERROR;
  if (level == QTAP_LOG_WARN) {
    static_cast<Coverage*>(user)->warnings.emplace_back(message);
  } else {
    log_line(level, message, &worst);
  }
}

int on_connection(const qtap_connection* conn, int phase, void* user) {
  if (phase == QTAP_CONN_CLOSE) static_cast<Coverage*>(user)->add(conn);
  return 0;
}

int64_t now_ms() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// 0, or the error that ended it.
int watch(qtap_session* session, int64_t seconds) {
  const int64_t end_at = now_ms() + seconds * 1000;
  while (qtap_session_done(session) == 0) {
    const int64_t left = end_at - now_ms();
    if (left <= 0) qtap_session_stop(session);
    const int n = qtap_session_poll(session, left > 0 ? static_cast<int>(left) : -1);
    if (n < 0) return n;
  }
  return 0;
}

int examine(qtap_session* session, const DoctorOptions& options, Coverage& coverage) {
  stop_on_signals(session);
  if (qtap_session_start(session) < 0) {
    say_error(qtap_session_error(session));
    return kCannotRun;
  }
  if (signalled()) qtap_session_stop(session);  // it came before there was anything to stop
  say_line("ready: watching for " + std::to_string(options.seconds) + " s, Ctrl-C ends it");
  const bool failed = watch(session, options.seconds) < 0;
  if (failed) say_error(qtap_session_error(session));

  for (size_t i = 0; const char* what = qtap_session_attached_at(session, i); ++i) {
    coverage.attached.emplace_back(what);
  }
  coverage.stats.size = sizeof coverage.stats;
  if (qtap_session_stats(session, &coverage.stats) < 0) return kCannotRun;
  const std::string answer = options.json ? coverage.json() : coverage.text();
  if (fwrite(answer.data(), 1, answer.size(), stdout) != answer.size() || fflush(stdout) != 0) {
    say_error("write to standard output: it is closed or full");
    return kCannotRun;
  }
  return failed ? kCannotRun : kDone;
}

}  // namespace

int doctor(int argc, char** argv) {
  DoctorOptions options;
  if (const std::string error = read_flags(argc, argv, options); !error.empty()) {
    say_error(error.c_str());
    return kUsage;
  }
  if (options.help) return fputs(kHelp.data(), stdout) < 0 ? kCannotRun : kDone;

  qtap_config* raw_config = nullptr;
  if (qtap_config_new(&raw_config) < 0) {
    say_error("out of memory");
    return kCannotRun;
  }
  const std::unique_ptr<qtap_config, ConfigFree> config(raw_config);
  Coverage coverage;
  qtap_config_set_logger(config.get(), take_log_line, &coverage);
  if (const std::string error = configure(config.get(), options); !error.empty()) {
    say_error(error.c_str());
    return kUsage;
  }

  qtap_session* raw_session = nullptr;
  if (qtap_session_new(&raw_session, config.get()) < 0) {
    say_error(qtap_config_error(config.get()));
    return kUsage;
  }
  const std::unique_ptr<qtap_session, SessionFree> session(raw_session);
  qtap_callbacks callbacks = {};
  callbacks.size = sizeof callbacks;
  callbacks.on_connection = on_connection;
  if (qtap_session_set_callbacks(session.get(), &callbacks, &coverage) < 0) {
    say_error(qtap_session_error(session.get()));
    return kCannotRun;
  }
  return examine(session.get(), options, coverage);
}
