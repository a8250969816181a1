// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <getopt.h>
#include <qtap/base.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

enum Flag {
  kAll = 256,
  kJson,
  kObjects,
  kRecord,
  kReplay,
  kConfig,
  kSet,
  kLogLevel,
  kBuffer,
  kProbes
};

constexpr std::array kFlags = {
    option{"all", no_argument, nullptr, kAll},
    option{"verbose", no_argument, nullptr, 'v'},
    option{"json", no_argument, nullptr, kJson},
    option{"objects", required_argument, nullptr, kObjects},
    option{"record", required_argument, nullptr, kRecord},
    option{"replay", required_argument, nullptr, kReplay},
    option{"config", required_argument, nullptr, kConfig},
    option{"set", required_argument, nullptr, kSet},
    option{"http-buffer-size", required_argument, nullptr, kBuffer},
    option{"tls-probes", required_argument, nullptr, kProbes},
    option{"log-level", required_argument, nullptr, kLogLevel},
    option{"help", no_argument, nullptr, 'h'},
    option{"version", no_argument, nullptr, 'V'},
    option{nullptr, 0, nullptr, 0},
};

// The library refuses larger documents; one byte more is read so that it can.
constexpr size_t kMaxConfigBytes = (1U << 20) + 1;

bool set_log_level(std::string_view word, int& ret) {
  if (word == "debug")
    ret = QTAP_LOG_DEBUG;
  else if (word == "info")
    ret = QTAP_LOG_INFO;
  else if (word == "warn")
    ret = QTAP_LOG_WARN;
  else if (word == "error")
    ret = QTAP_LOG_ERROR;
  else
    return false;
  return true;
}

std::string wrong_level(const char* word) {
  return std::string("--log-level: \"") + word + "\" is not one of debug, info, warn, error";
}

std::string read_environment(Options& options) {
  if (const char* value = getenv("QPOINT_CONFIG")) options.config = value;
  if (const char* value = getenv("HTTP_BUFFER_SIZE"))
    options.settings.emplace_back("capture.body_buffer", value);
  if (const char* value = getenv("TLS_PROBES"))
    options.settings.emplace_back("capture.tls_probes", value);
  const char* level = getenv("LOG_LEVEL");
  return level && !set_log_level(level, options.log_level) ? wrong_level(level) : "";
}

std::string take_flag(int flag, const char* value, Options& options) {
  switch (flag) {
    case kAll:
      options.all = true;
      break;
    case 'v':
      ++options.verbose;
      break;
    case kJson:
      options.json = true;
      break;
    case kObjects:
      options.objects = value;
      break;
    case kRecord:
      options.record = value;
      break;
    case kReplay:
      options.replay = value;
      break;
    case kConfig:
      options.config = value;
      break;
    case kBuffer:
      options.settings.emplace_back("capture.body_buffer", value);
      break;
    case kProbes:
      options.settings.emplace_back("capture.tls_probes", value);
      break;
    case kLogLevel:
      return set_log_level(value, options.log_level) ? "" : wrong_level(value);
    case kSet: {
      const char* equals = strchr(value, '=');
      if (!equals || equals == value)
        return std::string("--set wants KEY=VALUE, got \"") + value + "\"";
      options.settings.emplace_back(std::string(value, equals), equals + 1);
      break;
    }
    case 'h':
      options.help = true;
      break;
    case 'V':
      options.version = true;
      break;
    default:
      break;
  }
  return "";
}

// A YAML scalar in double quotes holds any path.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string read_file(const std::string& path, std::string& ret) {
  const bool is_stdin = path == "-";
  FILE* file = is_stdin ? stdin : fopen(path.c_str(), "re");
  if (!file) return "read configuration " + path + ": " + strerror(errno);
  ret.resize(kMaxConfigBytes);
  ret.resize(fread(ret.data(), 1, ret.size(), file));
  std::string error = ferror(file) ? "read configuration " + path + ": " + strerror(errno) : "";
  if (!is_stdin) fclose(file);
  return error;
}

std::string apply_file(const Options& options, qtap_config* config) {
  if (options.verbose > 0 || options.json || !options.objects.empty()) {
    return "-v, --json and --objects change the built-in configuration only; with --config, write "
           "it there";
  }
  if (options.config.starts_with("http://") || options.config.starts_with("https://")) {
    return "--config: this version reads files and \"-\" (standard input), not URLs";
  }
  std::string text;
  if (std::string error = read_file(options.config, text); !error.empty()) return error;
  const char* name = options.config == "-" ? "stdin" : options.config.c_str();
  if (qtap_config_parse_named(config, text.data(), text.size(), name) < 0)
    return qtap_config_error(config);
  return "";
}

}  // namespace

std::string read_options(int argc, char** argv, Options& options) {
  if (std::string error = read_environment(options); !error.empty()) return error;
  if (argc > 1 && std::string_view(argv[1]) == "tap") {  // what scripts for the Go agent write
    --argc;
    ++argv;
  }
  opterr = 0;
  for (;;) {
    const int flag = getopt_long(argc, argv, ":vhV", kFlags.data(), nullptr);
    if (flag == -1) break;
    if (flag == ':') return std::string(argv[optind - 1]) + " needs a value; see qtap-mini --help";
    if (flag == '?') {
      const std::string bad = optopt > 0 && optopt < 256
                                  ? std::string("-") + static_cast<char>(optopt)
                                  : std::string(argv[optind - 1]);
      return "unknown flag " + bad + "; see qtap-mini --help";
    }
    if (std::string error = take_flag(flag, optarg, options); !error.empty()) return error;
  }
  if (optind < argc)
    return std::string("unexpected argument \"") + argv[optind] + "\"; see qtap-mini --help";
  return "";
}

std::string built_in_yaml(const Options& options) {
  constexpr const char* kModes[] = {"summary", "details", "full"};
  const std::string mode = kModes[options.verbose > 2 ? 2 : options.verbose];
  std::string yaml = "version: 2\nservices:\n";
  yaml +=
      options.json ? "  event_stores: [{ id: stdout, type: stdout }]\n" : "  event_stores: []\n";
  yaml += options.objects.empty()
              ? "  object_stores: []\n"
              : "  object_stores: [{ id: objects, type: file, dir: " + quoted(options.objects) +
                    " }]\n";
  yaml += "stacks:\n  basic_reporting:\n    plugins:\n";
  if (!options.json) {
    yaml += "      - type: access_logs\n        config: { mode: " + mode + ", format: console }\n";
  }
  if (!options.objects.empty())
    yaml += "      - type: http_capture\n        config: { level: full }\n";
  yaml += "      - type: report_usage\n";
  yaml += options.all ? "tap: { direction: all, ignore_loopback: false, "
                      : "tap: { direction: egress, ignore_loopback: true, ";
  return yaml + "http: { stack: basic_reporting } }\n";
}

std::string apply_options(const Options& options, qtap_config* config) {
  Options result = options;
  if (options.config.empty()) {
    const std::string yaml = built_in_yaml(options);
    if (qtap_config_parse_named(config, yaml.data(), yaml.size(), "built-in") < 0)
      return qtap_config_error(config);
  } else {
    if (std::string error = apply_file(options, config); !error.empty()) return error;
    if (options.all) {
      result.settings.insert(result.settings.begin(),
                             {{"tap.direction", "all"}, {"tap.ignore_loopback", "false"}});
    }
  }
  result.settings.insert(result.settings.begin(), {"agent.name", "qtap-mini"});
  if (!options.record.empty()) result.settings.emplace_back("capture.record_file", options.record);
  if (!options.replay.empty()) {
    result.settings.emplace_back("capture.source", "replay");
    result.settings.emplace_back("capture.replay_file", options.replay);
    result.settings.emplace_back("worker.threads", "0");  // the same order of lines every time
  }
  for (const auto& [key, value] : result.settings) {
    if (qtap_config_set(config, key.c_str(), value.c_str()) < 0) return qtap_config_error(config);
  }
  return "";
}

const char* help_text() {
  return "Usage: qtap-mini [flags]\n"
         "       qtap-mini doctor [--seconds N] [--json]   which TLS is not decrypted, and why\n"
         "       qtap-mini rules check|eval ...            rules: what is wrong, what they come "
         "to\n"
         "       qtap-mini s3 sign|presign ...             headers or a link, signed for S3\n"
         "Shows the HTTP requests of the programs on this machine, also those inside TLS. Needs "
         "root to capture.\n"
         "\n"
         "  --all                     also ingress and loopback (default: egress to other "
         "machines)\n"
         "  -v, -vv                   with headers; with headers and bodies\n"
         "  --json                    events as JSON lines on stdout instead of readable lines\n"
         "  --objects DIR             store full transactions in DIR, one file each, named by its "
         "SHA-256\n"
         "  --record FILE             also write everything that is captured to FILE (holds plain "
         "text)\n"
         "  --replay FILE             read FILE instead of the kernel; ends at its end; needs no "
         "root\n"
         "  --config FILE|-           YAML configuration instead of the built-in one (env "
         "QPOINT_CONFIG)\n"
         "  --set KEY=VALUE           set one option, e.g. limits.connections=1000; see "
         "docs/options.md\n"
         "  --http-buffer-size SIZE   body bytes kept per direction, e.g. 8mb (env "
         "HTTP_BUFFER_SIZE)\n"
         "  --tls-probes LIST         openssl or none (env TLS_PROBES)\n"
         "  --log-level LEVEL         debug, info, warn or error (env LOG_LEVEL)\n"
         "  --help, --version         print and exit\n"
         "\n"
         "Data goes to stdout, everything else to stderr. Ctrl-C stops, stores what is left and "
         "prints the ledger.\n"
         "Exit codes: 0 stopped cleanly, 1 cannot run, 2 wrong configuration or usage.\n";
}
