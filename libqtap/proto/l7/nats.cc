// SPDX-License-Identifier: Apache-2.0
// NATS (docs.nats.io, Client Protocol): the server speaks first, INFO and a JSON object on one
// line.
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr std::string_view kInfo = "INFO {";
constexpr std::string_view kConnect = "CONNECT {";
constexpr size_t kMaxInfo = 32u << 10;  // lists of a large cluster's addresses

// Members that every server sends.
bool has_members(std::string_view info) {
  return info.find("\"server_id\"") != std::string_view::npos &&
         info.find("\"version\"") != std::string_view::npos &&
         info.find("\"max_payload\"") != std::string_view::npos;
}

}  // namespace

// Says nothing before the server does; CONNECT is what it begins with, over TLS a hello.
Verdict nats_client(std::string_view client) {
  return begins_with(client, kConnect) == Verdict::kNo && !client.starts_with('\x16')
             ? Verdict::kNo
             : Verdict::kYes;
}

Verdict nats_server(std::string_view server, std::string_view client) {
  const Verdict begins = begins_with(server, kInfo);
  if (begins != Verdict::kYes) return begins;
  const size_t end = server.find("\r\n");
  if (end == std::string_view::npos) {
    if (server.size() > kMaxInfo) return Verdict::kNo;
    // What the capture cuts is proved by the answer.
    return has_members(server) && client.starts_with(kConnect) ? Verdict::kYes : Verdict::kNeedMore;
  }
  const std::string_view line = server.substr(0, end);
  const size_t last = line.find_last_not_of(' ');
  return line[last] == '}' && has_members(line) ? Verdict::kYes : Verdict::kNo;
}

}  // namespace qtap::proto::l7
