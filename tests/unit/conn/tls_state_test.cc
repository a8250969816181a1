// SPDX-License-Identifier: Apache-2.0
// Why TLS was not read, and what else is known of it.
#include <doctest/doctest.h>

#include "conn/table.h"
#include "fixture.h"

using namespace qtap;
using namespace qtap::test;

namespace {

void tls_bytes(Fixture& f) {
  Record r = f.at(RecordType::kData, 1, 1);
  r.tls = true;
  r.full_len = 5;
  static constexpr uint8_t kHeader[] = {23, 3, 3, 0, 9};
  r.bytes = kHeader;
  f.table.on_record(r);
}

void found(Fixture& f, TlsLibrary library, uint64_t probed_ns = 0) {
  Record r = f.at(RecordType::kProcessInfo, 0);
  r.tls_library = library;
  r.probed_ns = probed_ns;
  f.table.on_record(r);
}

void totals(Fixture& f, uint64_t conn_key, std::array<uint64_t, 2> bytes, bool tls) {
  Record r = f.at(RecordType::kCount, conn_key, conn_key);
  r.tls = tls;
  r.total_bytes = bytes;
  f.table.on_record(r);
}

void plain_text(Fixture& f, uint64_t conn_key, uint64_t stream_id,
                std::array<uint64_t, 2> wire_bytes) {
  Record r = f.at(RecordType::kData, conn_key, stream_id);
  r.stream_kind = StreamKind::kOpenssl;
  r.full_len = kRequest.size();
  r.bytes = {reinterpret_cast<const uint8_t*>(kRequest.data()), kRequest.size()};
  r.wire_bytes = wire_bytes;
  f.table.on_record(r);
}

// {all TLS bytes, those that were decrypted}
std::array<uint64_t, 2> tls_share(const Fixture& f) {
  return {f.table.counters().tls_bytes_total, f.table.counters().tls_bytes_decrypted};
}

TlsState state_of(Fixture& f) {
  f.tick(20 * kSecond);
  return f.events.last->tls_state;
}

}  // namespace

TEST_SUITE("conn/tls_state") {
  TEST_CASE("the library that the process has mapped tells why its TLS was not read") {
    Fixture f;
    f.events.process.pid = 7;
    f.open(1);
    tls_bytes(f);
    CHECK(state_of(f) == TlsState::kNoLibrary);
    found(f, TlsLibrary::kNone);
    CHECK(state_of(f) == TlsState::kNoLibrary);
    found(f, TlsLibrary::kNoSymbols);
    CHECK(state_of(f) == TlsState::kNoSymbols);
    found(f, TlsLibrary::kProbed);
    CHECK(state_of(f) == TlsState::kNeverHit);
    f.data(1, 50, Direction::kSent, kRequest);
    CHECK(state_of(f) == TlsState::kDecrypted);
  }

  TEST_CASE("a connection that is older than the capture joined late, when its library is probed") {
    Fixture f;
    f.events.process.pid = 7;
    f.open(1, Role::kUnknown);
    tls_bytes(f);
    CHECK(state_of(f) == TlsState::kNoLibrary);
    found(f, TlsLibrary::kProbed);
    CHECK(state_of(f) == TlsState::kJoinedLate);
  }

  TEST_CASE("TLS that began before its library had probes joined late, also if it has ended") {
    Fixture f;
    f.events.process.pid = 7;
    f.open(1);
    const uint64_t before = f.now + 1;  // when its first bytes come
    tls_bytes(f);
    SUBCASE("its probes came before") {
      found(f, TlsLibrary::kProbed, before - 1);
      CHECK(state_of(f) == TlsState::kNeverHit);
    }
    SUBCASE("its probes came behind") {
      found(f, TlsLibrary::kProbed, before + 1);
      CHECK(state_of(f) == TlsState::kJoinedLate);
      f.data(1, 50, Direction::kSent, kRequest);
      CHECK(state_of(f) == TlsState::kDecrypted);
    }
    SUBCASE("what is known when it opens") {
      f.events.process.tls_library = TlsLibrary::kProbed;
      f.events.process.probed_ns = before + 100;
      f.open(2);
      Record r = f.at(RecordType::kData, 2, 2);
      r.tls = true;
      static constexpr uint8_t kHeader[] = {23, 3, 3, 0, 9};
      r.full_len = sizeof kHeader;
      r.bytes = kHeader;
      f.table.on_record(r);
      CHECK(state_of(f) == TlsState::kJoinedLate);
    }
    SUBCASE("the process was gone before anybody could look") {
      found(f, TlsLibrary::kMissed);
      CHECK(state_of(f) == TlsState::kJoinedLate);
    }
  }

  TEST_CASE("without TLS probes nothing was probed") {
    conn::ConnOptions options;
    options.tls_probes = false;
    Fixture f(options);
    f.events.process.pid = 7;
    f.open(1);
    tls_bytes(f);
    found(f, TlsLibrary::kProbed);
    CHECK(state_of(f) == TlsState::kNotProbed);
  }

  TEST_CASE("what a tunnel was asked for in clear does not make its TLS decrypted") {
    Fixture f;
    f.events.process.pid = 7;
    f.open(1);
    f.data(1, 1, Direction::kSent, "CONNECT api.example:443 HTTP/1.1\r\n\r\n");
    f.data(1, 1, Direction::kReceived, "HTTP/1.1 200 OK\r\n\r\n");
    tls_bytes(f);
    CHECK(state_of(f) == TlsState::kNoLibrary);
    f.offsets = {};
    f.data(1, 50, Direction::kSent, kRequest);
    CHECK(state_of(f) == TlsState::kDecrypted);
  }

  TEST_CASE("plain text tells what its socket carried, and how long the handshake took") {
    Fixture f;
    f.open(1);
    Record r = f.at(RecordType::kData, 1, 50);
    r.stream_kind = StreamKind::kOpenssl;
    r.full_len = kRequest.size();
    r.bytes = {reinterpret_cast<const uint8_t*>(kRequest.data()), kRequest.size()};
    r.wire_bytes = {700, 3000};
    r.handshake_us = 1234;
    f.table.on_record(r);
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->connection->wire_bytes == std::array<uint64_t, 2>{700, 3000});
    CHECK(f.events.transactions[0]->connection->tls_handshake_us == 1234);
  }

  TEST_CASE(
      "bytes of TLS are counted while they come, and as decrypted from the first plain text") {
    Fixture f;
    f.open(1);
    totals(f, 1, {500, 2000}, /*tls=*/true);
    CHECK(tls_share(f) == std::array<uint64_t, 2>{2500, 0});
    totals(f, 1, {600, 2000}, /*tls=*/true);
    CHECK(tls_share(f) == std::array<uint64_t, 2>{2600, 0});
    plain_text(f, 1, 50, {700, 3000});
    CHECK(tls_share(f) == std::array<uint64_t, 2>{3700, 3700});
    totals(f, 1, {700, 3100}, /*tls=*/true);
    CHECK(tls_share(f) == std::array<uint64_t, 2>{3800, 3800});
    totals(f, 1, {10, 10}, /*tls=*/true);  // an older total, late
    f.table.close_all();
    CHECK(tls_share(f) == std::array<uint64_t, 2>{3800, 3800});
  }

  TEST_CASE("the share is of all connections with TLS, and of no others") {
    Fixture f;
    plain_text(f, 1, 50, {300, 100});
    totals(f, 2, {0, 1200}, /*tls=*/true);
    totals(f, 3, {9000, 9000}, /*tls=*/false);
    CHECK(tls_share(f) == std::array<uint64_t, 2>{1600, 400});
    totals(f, 3, {9000, 9001}, /*tls=*/true);  // it turned out to be TLS: all of it counts
    CHECK(tls_share(f) == std::array<uint64_t, 2>{19601, 400});
  }

  TEST_CASE("a socket whose TLS object was known first is counted once") {
    Fixture f;
    plain_text(f, 0, 50, {0, 0});
    plain_text(f, 1, 50, {700, 3000});  // the BIND that joins them is late
    CHECK(tls_share(f) == std::array<uint64_t, 2>{3700, 3700});
    totals(f, 1, {600, 3100}, /*tls=*/true);
    f.table.on_record(f.at(RecordType::kBind, 1, 50));
    CHECK(tls_share(f) == std::array<uint64_t, 2>{3800, 3800});
    CHECK(f.table.open() == 1);
  }
}
