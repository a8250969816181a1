// SPDX-License-Identifier: Apache-2.0
// Names datagrams for tests/conformance/quic/run.py. Lines in: hexadecimal. Out: the protocol.
#include <iostream>
#include <string>

#include "../../support/hex.h"
#include "model/connection.h"
#include "proto/parser.h"

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::string bytes = qtap::test::from_hex(line);
    const auto found = qtap::proto::detect_datagram(
        {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    std::cout << qtap::l7_protocol_name(found) << '\n';
  }
  return 0;
}
