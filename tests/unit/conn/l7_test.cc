// SPDX-License-Identifier: Apache-2.0
// What connections are called: their protocol and their endpoint.
#include <doctest/doctest.h>

#include "../proto/l7_samples.h"
#include "../support/dns_writer.h"
#include "../support/quic_writer.h"
#include "fixture.h"
#include "proto/dns.h"

using namespace qtap;
using test::DnsWriter;
using test::Fixture;

namespace {

void open_udp(Fixture& f, uint64_t conn_key) {
  Record r = f.at(RecordType::kOpen, conn_key);
  r.role = Role::kClient;
  r.transport = Transport::kUdp;
  r.local = {AF_INET, 4000, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
  r.remote = {AF_INET, 53, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 53}};
  f.table.on_record(r);
}

const std::string kQuery = DnsWriter(7, false).question("api.example", 1).done();
const std::string kAnswer =
    DnsWriter(7, true).question("api.example", 1).a("api.example", "10.0.0.9").done();

std::string framed(const std::string& message) {
  return std::string{'\0', static_cast<char>(message.size())} + message;
}

}  // namespace

TEST_SUITE("conn/l7") {
  TEST_CASE("a connection has the word of the protocol that it proves") {
    for (const test::Opening& opening : test::openings()) {
      const std::string name = opening.name;
      CAPTURE(name);
      Fixture f;
      f.open(1);
      f.data(1, 1, Direction::kReceived, "");
      // Who speaks first differs; the proof does not depend on it.
      if (!opening.client.empty()) f.data(1, 1, Direction::kSent, opening.client);
      f.data(1, 1, Direction::kReceived, opening.server);
      f.close(1);
      REQUIRE(f.events.finals.size() == 1);
      CHECK(f.events.finals[0]->l7 == opening.protocol);
      CHECK(f.events.transactions.empty());
      CHECK(f.table.counters().parse_errors == 0);
    }
  }

  TEST_CASE("what proves nothing is other") {
    for (const test::Opening& other : test::others()) {
      Fixture f;
      f.open(1);
      f.data(1, 1, Direction::kSent, other.client);
      f.data(1, 1, Direction::kReceived, other.server);
      f.close(1);
      CHECK(f.events.finals.at(0)->l7 == L7Protocol::kOther);
    }
  }

  TEST_CASE("bytes before the proof keep their times and their order") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, "GET /late");  // no proof yet
    f.data(1, 1, Direction::kReceived, "HTTP");   // neither
    f.data(1, 1, Direction::kSent, " HTTP/1.1\r\nHost: h\r\n\r\n");
    f.data(1, 1, Direction::kReceived, "/1.1 204 No Content\r\n\r\n");
    REQUIRE(f.events.transactions.size() == 1);
    const Transaction& tx = *f.events.transactions[0];
    CHECK(tx.request.start_ns < tx.response.start_ns);
    CHECK(tx.response.start_ns < tx.request.end_ns);
    CHECK(tx.request.end_ns < tx.response.end_ns);
  }

  TEST_CASE("DNS over TCP tells its answers") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, framed(kQuery));
    f.data(1, 1, Direction::kReceived, framed(kAnswer));
    CHECK(f.events.names == std::vector<std::string>{"api.example=10.0.0.9"});
  }

  TEST_CASE("DNS over UDP tells its answers, each datagram one message") {
    Fixture f;
    open_udp(f, 1);
    f.data(1, 1, Direction::kSent, kQuery);
    f.data(1, 1, Direction::kReceived, kAnswer);
    f.close(1);
    CHECK(f.events.names == std::vector<std::string>{"api.example=10.0.0.9"});
    CHECK(f.events.finals.at(0)->l7 == L7Protocol::kDns);
    CHECK(f.events.finals.at(0)->transport == Transport::kUdp);
    CHECK(f.events.finals.at(0)->wire_bytes[0] == kQuery.size());
  }

  TEST_CASE("QUIC is named; datagrams of something else are looked at eight times") {
    Fixture quic;
    open_udp(quic, 1);
    quic.data(1, 1, Direction::kSent, test::quic_initial());
    quic.close(1);
    CHECK(quic.events.finals.at(0)->l7 == L7Protocol::kHttp3);

    Fixture late;
    open_udp(late, 1);
    for (int i = 0; i < 8; ++i) late.data(1, 1, Direction::kSent, "x");
    late.data(1, 1, Direction::kSent, test::quic_initial());
    late.close(1);
    CHECK(late.events.finals.at(0)->l7 == L7Protocol::kOther);
  }

  TEST_CASE("the name that DNS gave is the endpoint, until the client says another") {
    Fixture f;
    f.events.name_of_all = "by-dns.example";
    f.open(1);
    CHECK(f.events.last->endpoint_id == "by-dns.example");
    f.data(1, 1, Direction::kSent, test::kRequest);
    f.data(1, 1, Direction::kReceived, test::kResponse);
    CHECK(f.events.transactions.at(0)->connection->endpoint_id == "api.example");
    f.data(1, 1, Direction::kSent, "GET /b HTTP/1.1\r\nHost: other.example\r\n\r\n");
    f.data(1, 1, Direction::kReceived, test::kResponse);
    f.close(1);
    CHECK(f.events.finals.at(0)->endpoint_id == "api.example");  // the first one stays
  }

  TEST_CASE("a name never becomes an address again") {
    Fixture f;
    f.events.name_of_all = "by-dns.example";
    f.open(1);
    f.events.name_of_all = "";
    f.open(1);
    f.tick(test::kSecond);
    f.close(1);
    for (const auto& report : f.events.reports) CHECK(report->endpoint_id == "by-dns.example");
    CHECK(f.events.reports.size() >= 2);
  }

  TEST_CASE("a hello whose first bytes were written alone is read") {
    // Before five bytes are there, the kernel side does not know that this is TLS.
    for (size_t cut = 1; cut < 5; ++cut) {
      CAPTURE(cut);
      Fixture f;
      f.open(1);
      const std::string wire = test::hex("16 0301 0040 01 00003c 0303") + std::string(32, 'B') +
                               test::hex("00 0002 1301 01 00 0011 0000 000d 000b 00 0008") +
                               "sni.test";
      f.data(1, 1, Direction::kSent, wire.substr(0, cut));
      Record rest = f.at(RecordType::kData, 1, 1);
      rest.tls = true;
      rest.offset = cut;
      rest.full_len = wire.size() - cut;
      rest.bytes = {reinterpret_cast<const uint8_t*>(wire.data()) + cut, wire.size() - cut};
      f.table.on_record(rest);
      f.close(1);
      CHECK(f.events.finals.at(0)->tls.sni == "sni.test");
      CHECK(f.events.finals.at(0)->endpoint_id == "sni.test");
    }
  }

  TEST_CASE("without a name the endpoint is the address") {
    Fixture f;
    f.open(1);
    f.close(1);
    CHECK(f.events.finals.at(0)->endpoint_id == "8.8.8.8");
    CHECK_FALSE(f.events.finals.at(0)->endpoint_is_name);
  }
}
