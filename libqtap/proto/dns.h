// SPDX-License-Identifier: Apache-2.0
// In: one DNS message, whole. Out: what it asks, and the addresses that it answers with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"

namespace qtap::proto {

constexpr size_t kDnsHeader = 12;  // RFC 1035, 4.1.1

struct DnsMessage {
  uint16_t id = 0;
  bool is_response = false;
  uint8_t rcode = 0;
  std::string question;  // lower case, without the last dot; "" = the root
  uint16_t type = 0;     // that was asked for
  // Of the question's name, also where it is an alias (CNAME) of others; port 0.
  std::vector<Address> addresses;
};

// Nothing when the bytes are not exactly one message with one question: a name, sections with as
// many records as the header says, and nothing behind them. Compressed names only point backwards
// (RFC 1035, 4.1.4), so they end.
std::optional<DnsMessage> read_dns(std::string_view message);

}  // namespace qtap::proto
