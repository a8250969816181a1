// SPDX-License-Identifier: Apache-2.0
// The command line and the environment, turned into a qtap_config. Flags beat the environment, that
// beats the YAML file, that beats the library's defaults.
#pragma once

#include <qtap/config.h>

#include <string>
#include <utility>
#include <vector>

struct Options {
  bool all = false;   // also ingress and loopback
  bool json = false;  // events on stdout instead of access-log lines
  int verbose = 0;    // 1: headers, 2: bodies
  bool help = false;
  bool version = false;
  int log_level = QTAP_LOG_INFO;
  std::string config;   // path, "-" for stdin, empty for the built-in default
  std::string objects;  // directory for full objects
  std::string record;
  std::string replay;
  std::vector<std::pair<std::string, std::string>> settings;  // option key, value; in order
};

// Empty on success, else what is wrong with the command line (one line).
std::string read_options(int argc, char** argv, Options& options);

// Empty on success, else what is wrong: one line per mistake in a file.
std::string apply_options(const Options& options, qtap_config* config);

// The configuration that stands in for a file: spec/config.md section 9, changed by the flags.
std::string built_in_yaml(const Options& options);

const char* help_text();
