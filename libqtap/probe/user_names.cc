// SPDX-License-Identifier: Apache-2.0
#include "probe/user_names.h"

#include <sys/stat.h>

#include "probe/text_file.h"

namespace qtap::probe {
namespace {

constexpr size_t kMaxPasswdBytes = 8u << 20;  // about 100,000 users
constexpr int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

std::unordered_map<uint32_t, std::string> UserNames::parse(std::string_view text) {
  std::unordered_map<uint32_t, std::string> names;
  std::string_view line;
  while (next_line(text, line)) {
    const size_t name_end = line.find(':');
    if (name_end == line.npos || name_end == 0) continue;
    const size_t password_end = line.find(':', name_end + 1);
    if (password_end == line.npos) continue;
    const std::string_view rest = line.substr(password_end + 1);
    const auto uid = parse_number(rest.substr(0, rest.find(':')));
    if (uid && *uid <= UINT32_MAX) {
      names.try_emplace(static_cast<uint32_t>(*uid), line.substr(0, name_end));
    }
  }
  return names;
}

std::string UserNames::name_of(uint32_t uid) {
  auto it = names_.find(uid);
  if (it == names_.end()) {
    struct stat st = {};
    if (stat(path_.c_str(), &st) == 0) {
      const int64_t mtime_ns = st.st_mtim.tv_sec * kNsPerSecond + st.st_mtim.tv_nsec;
      if (mtime_ns != read_mtime_ns_) {
        read_mtime_ns_ = mtime_ns;
        if (const auto text = read_text_file(path_, kMaxPasswdBytes)) names_ = parse(*text);
        it = names_.find(uid);
      }
    }
  }
  return it == names_.end() ? std::to_string(uid) : it->second;
}

}  // namespace qtap::probe
