// SPDX-License-Identifier: Apache-2.0
// The canonical request: the one text that both sides make of a request ("Create a canonical
// request" in the IAM user guide).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "s3/request.h"

namespace qtap::s3 {

// The headers to sign, in the order of signing.
class SignedHeaders {
 public:
  // Those that are never signed are left out. What is borrowed must live as long.
  void add(std::string lower_case_name, std::string_view value);
  // "host;x-amz-date". Sorts; nothing may be added afterwards.
  std::string names();
  // "host:example.com\nx-amz-date:...\n": values trimmed, runs of blanks as one, those of one name
  // joined by commas in the order in which they were added.
  void append_lines(std::string& out) const;

 private:
  struct Row {
    std::string name;
    std::string_view value;
  };
  std::vector<Row> rows_;
};

std::string canonical_path(std::string_view path, const Rules& rules);

// The path and the query of a target; neither has the "?".
struct TargetParts {
  std::string_view path;
  std::string_view query;
};
TargetParts split_target(std::string_view target);

}  // namespace qtap::s3
