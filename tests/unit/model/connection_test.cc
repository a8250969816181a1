// SPDX-License-Identifier: Apache-2.0
#include "model/connection.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace qtap;

namespace {

Address address(const std::string& text) {
  Address a;
  if (text.find(':') != std::string::npos) {
    a.family = AF_INET6;
    ::inet_pton(AF_INET6, text.c_str(), a.ip.data());
  } else {
    a.family = AF_INET;
    a.ip[10] = a.ip[11] = 0xff;
    ::inet_pton(AF_INET, text.c_str(), a.ip.data() + 12);
  }
  return a;
}

}  // namespace

TEST_SUITE("model/connection") {
  TEST_CASE("addresses are internal or external as features.md F16 lists them") {
    const std::pair<const char*, bool> table[] = {
        {"10.0.0.1", true},        {"10.255.255.255", true}, {"11.0.0.0", false},
        {"172.16.0.1", true},      {"172.31.255.255", true}, {"172.32.0.1", false},
        {"192.168.1.1", true},     {"192.169.0.1", false},   {"127.0.0.1", true},
        {"169.254.7.7", true},     {"100.64.0.1", true},     {"100.127.255.255", true},
        {"100.128.0.0", false},    {"8.8.8.8", false},       {"::1", true},
        {"fe80::1", true},         {"fd00::1", true},        {"2001:db8::1", false},
        {"::ffff:10.1.2.3", true}, {"::ffff:8.8.8.8", false}};
    for (const auto& row : table) {  // clang 14 cannot capture a structured binding
      CAPTURE(row.first);
      CHECK(is_internal_ip(address(row.first)) == row.second);
    }
  }

  TEST_CASE("loopback is 127/8 and ::1, also when it is mapped") {
    CHECK(is_loopback_ip(address("127.9.9.9")));
    CHECK(is_loopback_ip(address("::1")));
    CHECK(is_loopback_ip(address("::ffff:127.0.0.1")));
    CHECK_FALSE(is_loopback_ip(address("128.0.0.1")));
    CHECK_FALSE(is_loopback_ip(Address{}));
  }

  TEST_CASE("addresses print as people write them") {
    CHECK(ip_text(address("10.0.0.1")) == "10.0.0.1");
    CHECK(ip_text(address("::ffff:10.0.0.1")) == "10.0.0.1");
    CHECK(ip_text(address("2001:db8::1")) == "2001:db8::1");
    CHECK(ip_text(Address{}) == "");
  }

  TEST_CASE("a cipher has its registered name, or its number") {
    CHECK(cipher_name(0x1301) == "TLS_AES_128_GCM_SHA256");
    CHECK(cipher_name(0x00ff) == "0x00ff");
    CHECK(cipher_name(0) == "");
  }
}
