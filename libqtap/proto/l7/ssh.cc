// SPDX-License-Identifier: Apache-2.0
// SSH: both ends begin with a line that names the version (RFC 4253, 4.2; 5.1 for "1.99").
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr size_t kMaxLine = 255;

Verdict is_identification(std::string_view bytes) {
  for (const std::string_view begin : {"SSH-2.0-", "SSH-1.99-"}) {
    const Verdict begins = begins_with(bytes, begin);
    if (begins == Verdict::kNeedMore) return begins;
    if (begins == Verdict::kNo) continue;
    const size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxLine || !is_printable(line)) return Verdict::kNo;
    if (end == std::string_view::npos) return Verdict::kNeedMore;
    return line.size() > begin.size() ? Verdict::kYes : Verdict::kNo;
  }
  return Verdict::kNo;
}

}  // namespace

Verdict ssh_client(std::string_view client) {
  return is_identification(client);
}

Verdict ssh_server(std::string_view server, std::string_view /*client*/) {
  return is_identification(server);
}

}  // namespace qtap::proto::l7
