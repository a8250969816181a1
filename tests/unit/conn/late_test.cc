// SPDX-License-Identifier: Apache-2.0
// TLS objects that are older than the probes on sockets that are not older than the capture.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "conn/table.h"
#include "fixture.h"

using namespace qtap;
using namespace qtap::test;

namespace {

Record late(Fixture& f, RecordType type, uint64_t conn_key) {
  Record r = f.at(type, conn_key, 50);
  r.late = true;
  return r;
}

void late_bytes(Fixture& f, uint64_t conn_key, Direction direction, std::string_view text) {
  Record r = late(f, RecordType::kData, conn_key);
  r.stream_kind = StreamKind::kOpenssl;
  r.direction = direction;
  r.offset = f.offsets[index(direction)];
  r.full_len = text.size();
  r.bytes = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  f.offsets[index(direction)] += text.size();
  f.table.on_record(r);
}

}  // namespace

TEST_SUITE("conn/late") {
  TEST_CASE("probes that come late: the connection joined late and may begin anywhere") {
    for (const uint64_t conn_key : {uint64_t{1}, uint64_t{0}}) {  // its socket is known, or not yet
      Fixture f;
      f.open(1);
      CHECK_FALSE(f.events.last->joined_late);
      late_bytes(f, conn_key, Direction::kReceived, "the rest of a body\r\n");
      if (conn_key == 0) f.table.on_record(f.at(RecordType::kBind, 1, 50));
      late_bytes(f, 1, Direction::kSent, kRequest);
      late_bytes(f, 1, Direction::kReceived, kResponse);
      REQUIRE(f.events.transactions.size() == 1);
      const Connection& conn = *f.events.transactions[0]->connection;
      CHECK(conn.joined_late);
      CHECK(conn.address_known);
      CHECK(f.events.transactions[0]->url == "https://api.example/a");
    }
  }

  TEST_CASE("totals tell that it is late, when none of its bytes came") {
    for (const RecordType type : {RecordType::kCount, RecordType::kStreamEnd}) {
      Fixture f;
      f.open(1);
      f.table.on_record(f.at(RecordType::kBind, 1, 50));
      Record totals = late(f, type, 1);
      totals.total_bytes = {0, 9000};
      f.table.on_record(totals);
      f.table.close_all();
      REQUIRE(f.events.finals.size() == 1);
      CHECK(f.events.finals[0]->joined_late);
      CHECK(f.events.finals[0]->tls_state == TlsState::kJoinedLate);
      CHECK(f.events.data_lost == 9000);
    }
  }

  TEST_CASE("probes that were there before it: nothing is late") {
    Fixture f;
    f.open(1);
    f.data(0, 50, Direction::kSent, kRequest);
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK_FALSE(f.events.transactions[0]->connection->joined_late);
  }
}
