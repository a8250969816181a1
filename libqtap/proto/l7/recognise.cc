// SPDX-License-Identifier: Apache-2.0
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

// All of these are proven by far less; a StartupMessage of PostgreSQL may have 10,000 bytes.
constexpr size_t kMaxEvidence = 32u << 10;

struct Protocol {
  L7Protocol word;
  Verdict (*client)(std::string_view client);
  Verdict (*server)(std::string_view server, std::string_view client);
  bool proves_itself;  // in the middle of a connection, too
};

constexpr Protocol kProtocols[] = {
    {L7Protocol::kRedis, redis_client, redis_server, true},
    {L7Protocol::kPostgresql, postgresql_client, postgresql_server, false},
    {L7Protocol::kMysql, mysql_client, mysql_server, false},
    {L7Protocol::kKafka, kafka_client, kafka_server, true},
    {L7Protocol::kMongodb, mongodb_client, mongodb_server, true},
    {L7Protocol::kAmqp, amqp_client, amqp_server, false},
    {L7Protocol::kNats, nats_client, nats_server, false},
    {L7Protocol::kSsh, ssh_client, ssh_server, false},
    {L7Protocol::kDns, dns_client, dns_server, true},
};

Verdict judge(const Protocol& protocol, std::string_view client, std::string_view server,
              From from) {
  const Verdict asks = protocol.client(client);
  if (asks == Verdict::kNo) return asks;
  const Verdict answers = protocol.server(server, client);
  if (answers == Verdict::kNo) return answers;
  if (from == From::kAnywhere && asks != Verdict::kYes) return Verdict::kNo;
  return std::min(asks, answers);
}

}  // namespace

Recognised recognise(std::string_view sent, std::string_view received, From from) {
  Recognised found;
  if (std::max(sent.size(), received.size()) > kMaxEvidence) return found;
  for (const Protocol& protocol : kProtocols) {
    if (from == From::kAnywhere && !protocol.proves_itself) continue;
    const Verdict verdict =
        std::max(judge(protocol, sent, received, from), judge(protocol, received, sent, from));
    if (verdict == Verdict::kYes) return {verdict, protocol.word};
    found.verdict = std::max(found.verdict, verdict);
  }
  return found;
}

}  // namespace qtap::proto::l7
