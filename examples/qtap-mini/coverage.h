// SPDX-License-Identifier: Apache-2.0
// Which process speaks TLS, how much of it was read, and why not the rest: what `qtap-mini doctor`
// tells. Facts about connections only, none of their content.
#pragma once

#include <qtap/model.h>
#include <qtap/session.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

class Coverage {
 public:
  // A connection that has ended, or that the capture leaves. Those without TLS do not count.
  void add(const qtap_connection* conn);

  std::vector<std::string> attached;
  std::vector<std::string> warnings;
  qtap_stats stats = {};

  // The same in lines for a person, and as one JSON document.
  std::string text() const;
  std::string json() const;

 private:
  struct Sum {
    uint64_t connections = 0;
    uint64_t bytes = 0;
  };
  using Process = std::pair<int64_t, std::string>;  // pid, path of the executable
  using Sums = std::map<std::string, Sum>;          // by tlsState

  std::map<Process, Sums> processes_;
  std::map<Process, std::string> levels_;  // what a budget leaves, of those below full
};
