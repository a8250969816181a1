// SPDX-License-Identifier: Apache-2.0
#include "rulekit/address.h"

#include <string>

#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::cidr;
using qtap::rulekit::test::ip;

namespace {

std::string canonical(std::string_view text) {
  const auto address = parse_ip(text);
  return address ? std::string(address_text(Value::ip_address(*address)).view()) : "wrong";
}

}  // namespace

TEST_SUITE("rulekit/address") {
  TEST_CASE("addresses print in canonical form") {
    CHECK(canonical("10.0.0.1") == "10.0.0.1");
    CHECK(canonical("::ffff:10.0.0.1") == "10.0.0.1");
    CHECK(canonical("2001:0DB8:0:0:1:0:0:1") == "2001:db8::1:0:0:1");
    CHECK(canonical("1:0:2:0:3:0:4:0") == "1:0:2:0:3:0:4:0");
    CHECK(canonical("::") == "::");
    CHECK(canonical("1::") == "1::");
    CHECK(canonical("64:ff9b::1.2.3.4") == "64:ff9b::102:304");
  }

  TEST_CASE("what only resembles an address is none") {
    for (const char* text :
         {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1:2:3:4:5:6:7", ":::", "1::2::3",
          "12345::", "1:2:3:4:5:6:7::8", "1:2:3:4:5:6:7:8:", "fe80::1%eth0", "::1.2.3",
          "1.2.3.4::", ":1:2:3:4:5:6:7"}) {
      CAPTURE(text);
      CHECK(canonical(text) == "wrong");
    }
    CHECK(canonical("1:2:3:4:5:6:7::") == "1:2:3:4:5:6:7:0");
  }

  TEST_CASE("IPv4 is only in IPv4 networks, IPv6 only in IPv6 networks") {
    CHECK(cidr_contains(cidr("10.0.0.0/8"), ip("10.255.0.1")));
    CHECK(cidr_contains(cidr("10.0.0.0/8"), ip("::ffff:10.255.0.1")));
    CHECK(cidr_contains(cidr("::ffff:10.0.0.0/104"), ip("10.255.0.1")));
    CHECK_FALSE(cidr_contains(cidr("10.0.0.0/8"), ip("11.0.0.1")));
    CHECK_FALSE(cidr_contains(cidr("::/0"), ip("1.2.3.4")));
    CHECK_FALSE(cidr_contains(cidr("0.0.0.0/0"), ip("::1")));
    CHECK(cidr_contains(cidr("0.0.0.0/0"), ip("255.1.1.1")));
    CHECK(cidr_contains(cidr("1.2.3.4/32"), ip("1.2.3.4")));
    CHECK_FALSE(cidr_contains(cidr("2001:db8::/33"), ip("2001:db8:8000::")));
  }

  TEST_CASE("the longest address at the front of a text is found") {
    CHECK(ip_prefix_length("1.2.3.4and") == 7);
    CHECK(ip_prefix_length("1.2.3.01") == 7);
    CHECK(ip_prefix_length("abc::x") == 5);
    CHECK(ip_prefix_length("::1:") == 3);
    CHECK(ip_prefix_length("1.2.3") == 0);
  }
}
