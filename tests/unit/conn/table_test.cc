// SPDX-License-Identifier: Apache-2.0
#include "conn/table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fixture.h"

using namespace qtap;
using namespace qtap::test;

TEST_SUITE("conn/table") {
  TEST_CASE("a plain connection opens, carries a transaction and closes") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    f.data(1, 1, Direction::kReceived, kResponse);
    f.close(1);
    CHECK(f.events.log == std::vector<std::string>{"open 8.8.8.8", "final", "close api.example"});
    REQUIRE(f.events.transactions.size() == 1);
    const Transaction& tx = *f.events.transactions[0];
    CHECK(tx.url == "http://api.example/a");
    CHECK(tx.response.status == 200);
    CHECK(tx.connection->direction == FlowDirection::kEgressExternal);
    CHECK(f.table.open() == 0);
  }

  TEST_CASE("what connecting and the TLS handshake took is told in microseconds, at least one") {
    struct Row {
      Role role;
      uint64_t begun_before_ns, us;
    };
    for (const Row& row : {Row{Role::kClient, 1'234'567, 1234}, Row{Role::kClient, 999, 1},
                           Row{Role::kClient, 0, 0}, Row{Role::kServer, 5000, 0}}) {
      CAPTURE(row.begun_before_ns);
      Fixture f;
      Record open = f.at(RecordType::kOpen, 1);
      open.role = row.role;
      open.local = {AF_INET, 4000, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
      open.remote = {AF_INET, 443, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8}};
      if (row.begun_before_ns != 0) open.start_ns = open.time_ns - row.begun_before_ns;
      f.table.on_record(open);
      f.close(1);
      REQUIRE(f.events.finals.size() == 1);
      CHECK(f.events.finals[0]->connect_us == row.us);
      CHECK(f.events.finals[0]->tls_handshake_us == 0);
    }
    Fixture f;
    f.open(1);
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    Record data = f.at(RecordType::kData, 1, 50);
    data.stream_kind = StreamKind::kOpenssl;
    data.full_len = kRequest.size();
    data.bytes = {reinterpret_cast<const uint8_t*>(kRequest.data()), kRequest.size()};
    data.handshake_us = 4321;
    f.table.on_record(data);
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->connection->tls_handshake_us == 4321);
  }

  TEST_CASE("TLS plain text without a known socket is delivered, and joins its socket later") {
    Fixture f;
    f.data(0, 50, Direction::kSent, kRequest);
    CHECK(f.table.open() == 1);
    f.open(1);
    Record bind = f.at(RecordType::kBind, 1, 50);
    f.table.on_record(bind);
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->url == "https://api.example/a");
    CHECK(f.events.transactions[0]->connection->address_known);
    CHECK(f.events.transactions[0]->connection->tls_state == TlsState::kDecrypted);
    CHECK(f.table.open() == 1);
  }

  TEST_CASE("an older socket proves to belong to a TLS object that is known: one connection") {
    Fixture f;
    f.data(0, 50, Direction::kSent, kRequest);
    Record count = f.at(RecordType::kCount, 1);
    count.total_bytes = {300, 0};
    f.open(1, Role::kUnknown);
    f.table.on_record(count);
    Record bind = f.at(RecordType::kBind, 1, 50);
    bind.bind_method = BindMethod::kCiphertext;
    f.table.on_record(bind);
    REQUIRE(f.events.log.size() == 3);
    CHECK(f.events.log[0].starts_with("open"));
    CHECK(f.events.log[2] == "update api.example");
    CHECK(f.events.last->address_known);
    CHECK(f.events.last->remote.port == 443);
    CHECK(f.events.last->wire_bytes[0] == 300);
    CHECK(f.events.last->bind_method == BindMethod::kCiphertext);
    const std::string id = f.events.last->id;
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->connection->id == id);
    CHECK(f.table.counters().connections_total == 1);
    f.stream_end(1, 50, {kRequest.size(), kResponse.size()});
    f.close(1);
    CHECK(f.table.open() == 0);
    CHECK(f.events.last->id == id);
    CHECK(f.events.last->lost_bytes() == 0);
  }

  TEST_CASE("TLS plain text whose socket is never learnt says that the address is unknown") {
    Fixture f;
    f.data(0, 50, Direction::kSent, kRequest);
    f.data(0, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK_FALSE(f.events.transactions[0]->connection->address_known);
    f.table.on_record(f.at(RecordType::kStreamEnd, 0, 50));
    CHECK(f.table.open() == 0);
  }

  TEST_CASE("a connection that closed waits for its TLS object") {
    Fixture f;
    f.open(1);
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    f.data(1, 50, Direction::kSent, kRequest);
    f.close(1);
    CHECK(f.table.open() == 1);
    f.data(1, 50, Direction::kReceived, kResponse);
    CHECK(f.events.transactions.size() == 1);
    f.table.on_record(f.at(RecordType::kStreamEnd, 1, 50));
    CHECK(f.table.open() == 0);
  }

  TEST_CASE("a TLS object that is never freed keeps a closed connection for two seconds only") {
    Fixture f;
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    f.close(1);
    f.tick(3 * kSecond);
    CHECK(f.table.open() == 0);
  }

  TEST_CASE("what waits for TLS objects of a process that ended does not wait for ever") {
    Fixture f;
    f.events.process.pid = 7;
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    f.close(1);
    f.data(0, 51, Direction::kSent, kRequest);
    f.table.on_record(f.at(RecordType::kExit, 0));
    CHECK(f.table.open() == 2);  // how much its objects carried is told behind its end
    f.tick(3 * kSecond);
    CHECK(f.table.open() == 0);
  }

  TEST_CASE("a lost record becomes a gap with its length in the ledger and in on_data") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    f.data(1, 1, Direction::kReceived, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    f.data(1, 1, Direction::kReceived, "0123", 6);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->response.missing_bytes == 6);
    CHECK(f.events.data_lost == 6);
    const conn::ConnCounters& c = f.table.counters();
    CHECK(c.bytes_lost == 6);
    CHECK(c.bytes_seen == c.bytes_delivered + c.bytes_lost);
    CHECK(c.gaps == 1);
  }

  TEST_CASE("bytes lost at the very end are told when the socket closes") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    f.offsets[1] = 500;
    f.close(1);
    CHECK(f.table.counters().bytes_lost == 500);
  }

  TEST_CASE("plain text of a TLS object lost at the very end is told when the object is freed") {
    Fixture f;
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    Record end = f.at(RecordType::kStreamEnd, 1, 50);
    end.total_bytes = {kRequest.size(), 700};
    f.table.on_record(end);
    CHECK(f.table.counters().bytes_lost == 700);
  }

  TEST_CASE("what was filtered on purpose is not lost") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kReceived, "220 mail.example ready\r\n");
    const uint64_t copied = f.offsets[1];
    f.offsets[1] += 5000;
    Record count = f.at(RecordType::kCount, 1);
    count.total_bytes = {0, copied + 3000};
    count.filtered_bytes = {0, 3000};
    f.table.on_record(count);
    CHECK(f.table.counters().bytes_filtered == 3000);  // before the end, too
    Record close = f.at(RecordType::kClose, 1);
    close.total_bytes = f.offsets;
    close.filtered_bytes = {0, 4900};
    f.table.on_record(close);
    CHECK(f.table.counters().bytes_filtered == 4900);
    CHECK(f.table.counters().bytes_lost == 100);
  }

  TEST_CASE("TLS inside of a tunnel that a proxy opened is parsed by itself") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent,
           "CONNECT me:pw@api.example:443 HTTP/1.1\r\nHost: api.example\r\n\r\n");
    f.data(1, 1, Direction::kReceived, "HTTP/1.1 200 OK\r\n\r\n");
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    f.offsets = {};
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 2);
    CHECK(f.events.transactions[0]->request.method == "CONNECT");
    CHECK(f.events.transactions[0]->url == "http://api.example:443");
    CHECK(f.events.transactions[1]->url == "https://api.example/a");
  }

  TEST_CASE("HTTP inside of a tunnel that carries no TLS is read as it passes") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, "CONNECT api.example:80 HTTP/1.1\r\n\r\n");
    f.data(1, 1, Direction::kReceived, "HTTP/1.1 200 OK\r\n\r\n");
    f.data(1, 1, Direction::kSent, kRequest);
    f.data(1, 1, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 2);
    CHECK(f.events.transactions[0]->request.method == "CONNECT");
    CHECK(f.events.transactions[1]->url == "http://api.example/a");
    CHECK(f.table.counters().parse_errors == 0);
  }

  TEST_CASE("each TLS object of a socket has offsets and messages of its own") {
    Fixture f;
    f.open(1);
    for (const uint64_t stream_id : {uint64_t{50}, uint64_t{51}}) {
      f.offsets = {};
      f.data(1, stream_id, Direction::kSent, kRequest);
      f.data(1, stream_id, Direction::kReceived, kResponse);
    }
    CHECK(f.events.transactions.size() == 2);
    CHECK(f.table.counters().bytes_delivered == 2 * (kRequest.size() + kResponse.size()));
    Record end = f.at(RecordType::kStreamEnd, 1, 50);
    end.total_bytes = {kRequest.size() + 9, kResponse.size()};
    f.table.on_record(end);
    CHECK(f.table.counters().bytes_lost == 9);
  }

  TEST_CASE("a connection whose transaction was given up finds its next start line") {
    conn::ConnOptions options;
    options.transaction_idle_ns = kSecond;
    Fixture f(options);
    f.open(1);
    f.data(1, 1, Direction::kSent,
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome bytes");
    f.tick(2 * kSecond);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->truncated());
    f.data(1, 1, Direction::kSent, std::string(70'000, 'x'));  // the rest comes all the same
    f.data(1, 1, Direction::kReceived, kResponse);
    f.data(1, 1, Direction::kSent, kRequest);
    f.data(1, 1, Direction::kReceived, kResponse);
    CHECK(f.events.transactions.back()->url == "http://api.example/a");
  }

  TEST_CASE("reports come after half a second, every ten seconds and at the end") {
    Fixture f;
    f.open(1);
    f.tick(kSecond / 4);
    CHECK(f.events.log.size() == 1);
    f.tick(kSecond / 2);
    f.tick(5 * kSecond);
    f.tick(6 * kSecond);
    f.close(1);
    CHECK(std::count(f.events.log.begin(), f.events.log.end(), "report") == 2);
    CHECK(std::count(f.events.log.begin(), f.events.log.end(), "final") == 1);
    CHECK(f.events.last->part == 2);
  }

  TEST_CASE("the direction filter leaves out what it does not name") {
    conn::ConnOptions options;
    options.direction = FlowDirection::kIngress;
    Fixture f(options);
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    f.data(1, 1, Direction::kReceived, kResponse);
    f.close(1);
    CHECK(f.events.log.empty());
    CHECK(f.events.transactions.empty());
    CHECK(f.events.data_bytes == 0);
  }

  TEST_CASE("loopback is left out when asked for") {
    conn::ConnOptions options;
    options.ignore_loopback = true;
    Fixture f(options);
    f.open(1, Role::kClient, 127);
    f.data(1, 1, Direction::kSent, kRequest);
    f.close(1);
    CHECK(f.events.log.empty());
  }

  TEST_CASE("a connection that the host ignores stays silent") {
    Fixture f;
    f.events.ignore = true;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    f.data(1, 1, Direction::kReceived, kResponse);
    CHECK(f.events.transactions.empty());
    CHECK(f.events.data_bytes == 0);
  }

  TEST_CASE("an older socket learns its role from who sends the request") {
    Fixture f;
    f.open(1, Role::kUnknown);
    f.data(1, 1, Direction::kReceived, kRequest);
    f.data(1, 1, Direction::kSent, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->connection->role == Role::kServer);
    CHECK(f.events.transactions[0]->connection->direction == FlowDirection::kIngress);
    CHECK(f.events.transactions[0]->connection->joined_late);
  }

  TEST_CASE("an older socket whose role is known joined late, and resynchronises") {
    Fixture f;
    f.open(1, Role::kServer, 8, /*late=*/true);
    CHECK(f.events.log.size() == 1);  // told while it is idle
    f.data(1, 1, Direction::kReceived, "the rest of a body\r\n");
    f.data(1, 1, Direction::kReceived, kRequest);
    f.data(1, 1, Direction::kSent, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->connection->joined_late);
    CHECK(f.events.transactions[0]->url == "http://api.example/a");
  }

  TEST_CASE(
      "an older socket that was told, and a TLS object in memory: transactions have the address") {
    Fixture f;
    f.open(1, Role::kServer, 8, /*late=*/true);
    f.data(0, 50, Direction::kReceived, kRequest);
    f.data(0, 50, Direction::kSent, kResponse);  // written before it was sent
    REQUIRE(f.events.transactions.size() == 1);
    const auto id = f.events.transactions[0]->connection->id;
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    CHECK(f.events.last->id == id);
    CHECK(f.events.last->address_known);
    CHECK(f.events.last->joined_late);
    CHECK(f.table.open() == 1);
  }

  TEST_CASE("a TLS object whose socket is known in the middle: one connection has all of it") {
    Fixture f;
    f.open(1);
    f.data(0, 50, Direction::kSent, kRequest);
    f.data(0, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    const auto id = f.events.transactions[0]->connection->id;
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 2);
    CHECK(f.events.transactions[1]->connection->id == id);
    CHECK(f.events.transactions[1]->connection->address_known);
    CHECK_FALSE(f.events.transactions[1]->connection->joined_late);
    CHECK(f.table.open() == 1);
  }

  TEST_CASE(
      "bytes of a TLS object in memory that were handed out before its older socket was known") {
    Fixture f;
    f.open(1, Role::kServer, 8, /*late=*/true);
    f.data(0, 50, Direction::kReceived, std::string(100, 'x'));  // no protocol: no announcement yet
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    CHECK(f.events.last->address_known);  // nothing without an address has ended
    CHECK(f.table.open() == 1);
  }

  TEST_CASE("an older connection and the one that it proves to be: their bytes add up") {
    conn::ConnOptions options;
    options.first_report_ns = options.report_interval_ns = kSecond;
    Fixture f(options);
    const auto totals = [&](uint64_t sent, uint64_t received) {
      Record count = f.at(RecordType::kCount, 1);
      count.total_bytes = {sent, received};
      count.tls = true;
      f.table.on_record(count);
    };
    // Of the last report of each connection, and no report takes back what one before said.
    const auto reported = [&] {
      std::map<std::string, std::array<uint64_t, 2>> last;
      for (const auto& report : f.events.reports) {
        for (size_t d = 0; d < 2; ++d) {
          CHECK(report->wire_bytes[d] >= last[report->id][d]);
          last[report->id][d] = report->wire_bytes[d];
        }
      }
      std::array<uint64_t, 2> sum = {};
      for (const auto& [id, bytes] : last) {
        for (size_t d = 0; d < 2; ++d) sum[d] += bytes[d];
      }
      return sum;
    };
    using Bytes = std::array<uint64_t, 2>;
    f.open(1, Role::kServer, 8, /*late=*/true);
    totals(70, 300);
    f.tick(2 * kSecond);
    CHECK(reported() == Bytes{70, 300});
    f.data(0, 50, Direction::kReceived, kRequest);
    totals(90, 400);
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    CHECK(reported() == Bytes{90, 400});  // of both, now that one has ended
    totals(100, 1000);
    f.tick(2 * kSecond);
    CHECK(reported() == Bytes{100, 1000});
    CHECK(f.table.counters().tls_bytes_total == 1100);
    f.table.close_all();
    CHECK(reported() == Bytes{100, 1000});
    CHECK(f.table.counters().tls_bytes_total == 1100);
    CHECK(f.table.counters().tls_bytes_decrypted == 1100);
  }

  TEST_CASE("what a TLS object lost before its socket was known is in one report") {
    Fixture f;
    f.open(1);
    f.data(0, 50, Direction::kSent, kRequest);
    f.data(0, 50, Direction::kReceived, kResponse, /*extra_offset=*/10);
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    f.table.close_all();
    uint64_t lost = 0;
    for (const auto& report : f.events.finals) lost += report->lost_bytes();
    CHECK(lost == 10);
    CHECK(f.table.counters().bytes_lost == 10);
  }

  TEST_CASE("connections beyond the limit are counted") {
    conn::ConnOptions options;
    options.max_connections = 1;
    Fixture f(options);
    f.open(1);
    f.open(2);
    CHECK(f.table.open() == 1);
    CHECK(f.table.counters().untracked == 1);
  }

  TEST_CASE("a transaction that waits for too long is given up and marked") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    f.tick(301 * kSecond);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->response.truncation == http::Truncation::kIdle);
    CHECK_FALSE(f.events.transactions[0]->response.status.has_value());
  }

  TEST_CASE("the end of a capture closes everything") {
    Fixture f;
    f.open(1);
    f.data(0, 50, Direction::kSent, kRequest);
    f.table.close_all();
    CHECK(f.table.open() == 0);
    CHECK(std::count(f.events.log.begin(), f.events.log.end(), "final") == 2);
  }
}
