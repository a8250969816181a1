// SPDX-License-Identifier: Apache-2.0
// DNS over TCP: each message with its length before it (RFC 1035, 4.2.2).
#include "proto/dns.h"
#include "proto/byte_reader.h"
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr size_t kMaxQuery = 2048;  // a question with every option in use is far below

}  // namespace

Verdict dns_client(std::string_view client) {
  ByteReader r(client);
  const uint32_t len = r.number(2);
  if (!r.ok()) {
    return client.empty() || static_cast<uint8_t>(client[0]) < kMaxQuery >> 8 ? Verdict::kNeedMore
                                                                              : Verdict::kNo;
  }
  if (len < kDnsHeader || len > kMaxQuery) return Verdict::kNo;
  const std::string_view message = r.take(len);
  if (!r.ok()) return Verdict::kNeedMore;
  const auto query = read_dns(message);
  return query && !query->is_response ? Verdict::kYes : Verdict::kNo;
}

// An answer may be longer than what is captured of it: the number and the question are repeated.
Verdict dns_server(std::string_view server, std::string_view client) {
  ByteReader r(server);
  const uint32_t len = r.number(2);
  if (r.ok() && len < kDnsHeader) return Verdict::kNo;
  const std::string_view head = r.take(kDnsHeader);
  if (!r.ok() || client.size() < 2 + kDnsHeader) return Verdict::kNeedMore;
  const bool is_answer = head.substr(0, 2) == client.substr(2, 2) && (head[2] & 0x80) != 0;
  if (!is_answer) return Verdict::kNo;
  if (server.size() < 2 + len) return Verdict::kYes;
  return read_dns(server.substr(2, len)) ? Verdict::kYes : Verdict::kNo;
}

}  // namespace qtap::proto::l7
