// SPDX-License-Identifier: Apache-2.0
// The frontend/backend protocol 3 (PostgreSQL documentation, 55.7 Message Formats).
#include "proto/byte_reader.h"
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr uint32_t kMaxStartup = 10000;  // MAX_STARTUP_PACKET_LENGTH, libpq/pqcomm.h
constexpr uint32_t kMajor = 3;
constexpr uint32_t kMaxMinor = 9;  // 3.0 since 7.4, 3.2 since 18
constexpr uint32_t kSslRequest = 80877103;
constexpr uint32_t kGssRequest = 80877104;
constexpr char kTlsHandshake = 22;       // RFC 8446, 5.1
constexpr uint32_t kMaxMessage = 30000;  // before authentication, PQ_SMALL_MESSAGE_LIMIT

// Pairs of texts with a NUL each, then one NUL; the role is always among them.
bool are_parameters(std::string_view body) {
  ByteReader r(body);
  bool has_user = false;
  while (r.ok()) {
    const std::string_view name = r.text_until_nul();
    if (name.empty()) return r.ok() && r.empty() && has_user;
    has_user |= name == "user";
    if (!is_printable(name)) return false;
    r.text_until_nul();
  }
  return false;
}

bool asks_for_encryption(std::string_view client) {
  ByteReader r(client);
  const uint32_t len = r.number(4);
  const uint32_t code = r.number(4);
  return len == 8 && (code == kSslRequest || code == kGssRequest);
}

// One byte; what follows it answers what the client says next: a hello of TLS, tokens, or in clear.
Verdict answers_request(std::string_view server, std::string_view client) {
  constexpr size_t kRequest = 8;
  const char type = server[0];
  if (type != 'S' && type != 'N' && type != 'G') return Verdict::kNo;
  if (client.size() == kRequest) return server.size() == 1 ? Verdict::kYes : Verdict::kNo;
  const char next = client[kRequest];
  const bool fits = type == 'S' ? next == kTlsHandshake : next == 0;
  return fits ? Verdict::kYes : Verdict::kNo;
}

}  // namespace

Verdict postgresql_client(std::string_view client) {
  if (client.size() < 8) {  // a length below 16 Ki begins with two zeros
    const bool may_be = client.substr(0, 2) == std::string_view("\0\0", 2).substr(0, client.size());
    return may_be ? Verdict::kNeedMore : Verdict::kNo;
  }
  if (asks_for_encryption(client)) return Verdict::kYes;
  ByteReader r(client);
  const uint32_t len = r.number(4);
  const uint32_t major = r.number(2);
  const uint32_t minor = r.number(2);
  if (len < 9 || len > kMaxStartup || major != kMajor || minor > kMaxMinor) return Verdict::kNo;
  const std::string_view body = r.take(len - 8);
  if (!r.ok()) return Verdict::kNeedMore;
  return are_parameters(body) ? Verdict::kYes : Verdict::kNo;
}

Verdict postgresql_server(std::string_view server, std::string_view client) {
  if (server.empty() || client.size() < 8) return Verdict::kNeedMore;
  const char type = server[0];
  if (asks_for_encryption(client)) return answers_request(server, client);
  if (type != 'R' && type != 'E' && type != 'v') return Verdict::kNo;
  ByteReader r(server.substr(1));
  const uint32_t len = r.number(4);
  const bool fits = !r.ok() || (len >= 8 && len <= kMaxMessage);
  if (!fits) return Verdict::kNo;
  if (type == 'E') {  // the first field is the severity
    const std::string_view field = r.take(1);
    if (!r.ok()) return Verdict::kNeedMore;
    return field == "S" ? Verdict::kYes : Verdict::kNo;
  }
  const uint32_t number = r.number(4);  // how to authenticate; the newest minor version
  if (!r.ok()) return Verdict::kNeedMore;
  return number <= (type == 'R' ? 12 : (kMajor << 16 | kMaxMinor)) ? Verdict::kYes : Verdict::kNo;
}

}  // namespace qtap::proto::l7
