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

void found(Fixture& f, TlsLibrary library) {
  Record r = f.at(RecordType::kProcessInfo, 0);
  r.tls_library = library;
  f.table.on_record(r);
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
}
