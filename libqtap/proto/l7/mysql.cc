// SPDX-License-Identifier: Apache-2.0
// MySQL and MariaDB: the server speaks first (Protocol::HandshakeV10).
#include "proto/byte_reader.h"
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr uint32_t kMaxGreeting = 512;    // version, salt and the name of a plugin are far below
constexpr uint32_t kMaxResponse = 65536;  // names and attributes of the client, or its TLS request
constexpr char kProtocol10 = 10;
constexpr size_t kMaxVersion = 80;
constexpr size_t kZeros = 6;  // reserved; MariaDB uses the four behind them

// "8.0.36", "5.5.5-10.11.6-MariaDB-1"
bool is_version(std::string_view text) {
  return text.size() >= 3 && text.size() <= kMaxVersion && text[0] >= '0' && text[0] <= '9' &&
         text.find('.') != std::string_view::npos && is_printable(text);
}

}  // namespace

// Says nothing before the greeting; then the packet that answers it.
Verdict mysql_client(std::string_view client) {
  ByteReader r(client);
  const uint32_t len = r.little(3);
  const uint32_t sequence = r.number(1);
  if (!r.ok()) return Verdict::kYes;
  return len >= 32 && len <= kMaxResponse && sequence == 1 ? Verdict::kYes : Verdict::kNo;
}

Verdict mysql_server(std::string_view server, std::string_view client) {
  ByteReader r(server);
  const uint32_t len = r.little(3);
  if (!r.ok()) return Verdict::kNeedMore;
  if (len > kMaxGreeting || len < 32) return Verdict::kNo;
  if (client.empty() && server.size() > 4 + len) return Verdict::kNo;  // more than the greeting
  const uint32_t sequence = r.number(1);
  if (!r.ok()) return Verdict::kNeedMore;
  if (sequence != 0) return Verdict::kNo;
  const std::string_view protocol = r.take(1);
  if (!r.ok()) return Verdict::kNeedMore;
  if (protocol[0] != kProtocol10) return Verdict::kNo;
  const std::string_view rest = r.rest();
  const std::string_view version = r.text_until_nul();
  if (!r.ok()) {
    return rest.size() <= kMaxVersion && is_printable(rest) ? Verdict::kNeedMore : Verdict::kNo;
  }
  if (!is_version(version)) return Verdict::kNo;
  r.take(4);  // the number of the connection
  const std::string_view salt = r.take(8);
  const std::string_view filler = r.take(1);
  r.take(2 + 1 + 2 + 2 + 1);  // capabilities, charset, status, capabilities, length of the salt
  const std::string_view reserved = r.take(kZeros);
  if (!r.ok()) return Verdict::kNeedMore;
  const auto is_zero = [](char c) { return c == 0; };
  const bool holds = salt.find('\0') == std::string_view::npos && filler[0] == 0 &&
                     std::all_of(reserved.begin(), reserved.end(), is_zero);
  if (!holds) return Verdict::kNo;
  return server.size() >= 4 + len ? Verdict::kYes : Verdict::kNeedMore;
}

}  // namespace qtap::proto::l7
