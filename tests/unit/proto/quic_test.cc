// SPDX-License-Identifier: Apache-2.0
#include "proto/quic.h"

#include <doctest/doctest.h>

#include <random>

#include "../support/dns_writer.h"
#include "../support/quic_writer.h"
#include "proto/parser.h"

using namespace qtap;
using proto::is_quic_initial;
using test::quic_initial;

namespace {

L7Protocol detected(std::string_view text) {
  return proto::detect_datagram({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::string with(size_t at, uint8_t value) {
  std::string out = quic_initial();
  out[at] = static_cast<char>(value);
  return out;
}

}  // namespace

TEST_SUITE("proto/quic") {
  TEST_CASE("an Initial packet in a datagram of at least 1200 bytes is QUIC") {
    CHECK(is_quic_initial(quic_initial()));
    CHECK(is_quic_initial(quic_initial(1452)));
    CHECK(detected(quic_initial()) == L7Protocol::kHttp3);
  }

  TEST_CASE("cut, or shorter, it is not") {
    CHECK_FALSE(is_quic_initial(quic_initial(1199)));
    for (size_t len = 0; len < 1200; len += 7) {
      CHECK_FALSE(is_quic_initial(quic_initial().substr(0, len)));
    }
  }

  TEST_CASE("each field of the header counts") {
    CHECK_FALSE(is_quic_initial(with(0, 0x43)));  // a short header
    CHECK_FALSE(is_quic_initial(with(0, 0x03)));
    CHECK_FALSE(is_quic_initial(with(0, 0xe3)));  // a Handshake packet
    CHECK_FALSE(is_quic_initial(with(4, 0x07)));  // a version that nobody knows
    CHECK_FALSE(is_quic_initial(with(1, 0x16)));
    CHECK_FALSE(is_quic_initial(with(5, 21)));  // connection ids have at most 20 bytes
    CHECK_FALSE(is_quic_initial(with(14, 21)));
    CHECK_FALSE(is_quic_initial(with(15, 0x7f)));  // a token longer than the datagram
    CHECK_FALSE(is_quic_initial(with(16, 0x7f)));  // so is the packet
    CHECK_FALSE(is_quic_initial(with(16, 0x00)));  // too short for its number and tag
  }

  TEST_CASE("the fixed bit may be greased, as ngtcp2's server does (RFC 9287)") {
    CHECK(is_quic_initial(with(0, 0x83)));
  }

  TEST_CASE("version 2 numbers its packets otherwise") {
    std::string v2 = quic_initial();
    v2.replace(1, 4, "\x6b\x33\x43\xcf");
    CHECK_FALSE(is_quic_initial(v2));
    v2[0] = static_cast<char>(0xd3);
    CHECK(is_quic_initial(v2));
  }

  TEST_CASE("datagrams: DNS is told by a whole message, random bytes are nothing") {
    CHECK(detected(test::DnsWriter(1, false).question("a.example", 1).done()) == L7Protocol::kDns);
    std::mt19937 random(3);
    for (int i = 0; i < 30000; ++i) {
      std::string text(random() % 1400, '\0');
      for (char& c : text) c = static_cast<char>(random() % (i % 2 == 0 ? 256 : 4));
      REQUIRE(detected(text) == L7Protocol::kOther);
    }
  }
}
