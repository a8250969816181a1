// SPDX-License-Identifier: Apache-2.0
// uid -> user name, from /etc/passwd. getpwuid() would ask name services over the network, from
// inside the capture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace qtap::probe {

class UserNames {
 public:
  explicit UserNames(std::string passwd_path) : path_(std::move(passwd_path)) {}

  // The name, or the number when there is none.
  std::string name_of(uint32_t uid);

  // Lines "name:password:uid:...", passwd(5); lines that are none are skipped, the first of several
  // names counts.
  static std::unordered_map<uint32_t, std::string> parse(std::string_view text);

 private:
  std::string path_;
  int64_t read_mtime_ns_ = -1;
  std::unordered_map<uint32_t, std::string> names_;
};

}  // namespace qtap::probe
