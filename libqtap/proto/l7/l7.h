// SPDX-License-Identifier: Apache-2.0
// In: the first bytes of both ends of a connection. Out: whether they prove one protocol.
// Pure functions, one file per protocol. Each looks at one end (a server's answer is held against
// what the client asked) and says what that end alone shows; only both together are a proof.
// Bytes may be cut anywhere: a cut asks for more, and what contradicts is kNo for good.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "model/connection.h"

namespace qtap::proto::l7 {

enum class Verdict : uint8_t { kNo, kNeedMore, kYes };

// Whether the bytes seen are the first of the connection.
enum class From : uint8_t { kFirstByte, kAnywhere };

struct Recognised {
  Verdict verdict = Verdict::kNo;
  L7Protocol protocol = L7Protocol::kOther;  // kYes
};

// Of protocols that are named but not parsed, and of DNS over TCP. `sent` and `received` as seen
// from either end. kAnywhere: only protocols of which each message proves itself, and more is asked
// for only where one end has proved its part.
Recognised recognise(std::string_view sent, std::string_view received, From from);

Verdict redis_client(std::string_view client);
Verdict redis_server(std::string_view server, std::string_view client);
Verdict postgresql_client(std::string_view client);
Verdict postgresql_server(std::string_view server, std::string_view client);
Verdict mysql_client(std::string_view client);
Verdict mysql_server(std::string_view server, std::string_view client);
Verdict kafka_client(std::string_view client);
Verdict kafka_server(std::string_view server, std::string_view client);
Verdict mongodb_client(std::string_view client);
Verdict mongodb_server(std::string_view server, std::string_view client);
Verdict amqp_client(std::string_view client);
Verdict amqp_server(std::string_view server, std::string_view client);
Verdict nats_client(std::string_view client);
Verdict nats_server(std::string_view server, std::string_view client);
Verdict ssh_client(std::string_view client);
Verdict ssh_server(std::string_view server, std::string_view client);
Verdict dns_client(std::string_view client);
Verdict dns_server(std::string_view server, std::string_view client);

inline bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

inline bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_printable(c); });
}

// How `bytes` stand to a text that they have to begin with.
inline Verdict begins_with(std::string_view bytes, std::string_view text) {
  if (bytes.size() >= text.size()) return bytes.starts_with(text) ? Verdict::kYes : Verdict::kNo;
  return text.starts_with(bytes) ? Verdict::kNeedMore : Verdict::kNo;
}

}  // namespace qtap::proto::l7
