// SPDX-License-Identifier: Apache-2.0
// Text forms of IP addresses, networks and MACs: strict parsing, canonical printing, membership.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rulekit/value.h"

namespace qtap::rulekit {

// Longest text: "ffff:" x 6 + "255.255.255.255" is 45, with "/128" 49.
inline constexpr size_t kMaxAddressText = 49;
inline constexpr size_t kMaxMacBytes = 8;   // EUI-64
inline constexpr uint8_t kMappedBits = 96;  // ::ffff:0:0/96, RFC 4291 2.5.5.2

// A printed address without allocation.
struct AddressText {
  std::array<char, kMaxAddressText + 1> data;
  size_t len = 0;
  std::string_view view() const { return {data.data(), len}; }
};

// Dotted quad without leading zeros, or the forms of RFC 3986 section 3.2.2 IPv6address; no zone,
// nothing around it.
std::optional<IpBytes> parse_ip(std::string_view text);
// "IP/prefix"; host bits are dropped. The value is of type kCidr.
std::optional<Value> parse_cidr(std::string_view text);
// The network of `prefix` bits (0-128, for IPv4 in the mapped form) that `ip` is in.
Value network(const IpBytes& ip, unsigned prefix);
// Six pairs joined by ':'. The raw bytes are returned.
std::optional<std::array<uint8_t, 6>> parse_mac(std::string_view text);

// Length of the longest IP address text that `text` starts with; 0 when there is none.
size_t ip_prefix_length(std::string_view text);

bool is_ipv4(const IpBytes& ip);
// kIp: dotted quad (also for mapped addresses) or RFC 5952. kCidr: with "/prefix".
AddressText address_text(const Value& value);
// Lower-case pairs joined by ':'; longer ones than kMaxMacBytes are cut.
AddressText mac_text(std::string_view raw);
// IPv4 addresses are only in IPv4 networks, IPv6 ones only in IPv6 networks.
bool cidr_contains(const Value& cidr, const Value& ip);

}  // namespace qtap::rulekit
