// SPDX-License-Identifier: Apache-2.0
// Decodes field blocks for tests/conformance/hpack.py. Lines in: "start exact" or "start late",
// "size N", "block HEX". Out for each block: its fields as "HEX:HEX" ("?" for what is unknown),
// then "end" or "broken".
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "../support/hex.h"
#include "http/hpack.h"

using qtap::test::from_hex;
using qtap::test::to_hex;

namespace {

class Printer final : public qtap::http::HpackSink {
 public:
  void on_field(std::string_view name, std::string_view value) override {
    std::cout << (name.empty() ? "?" : to_hex(name)) << ':' << to_hex(value) << '\n';
  }
  void on_unknown_field() override { std::cout << "?:?\n"; }
};

}  // namespace

int main() {
  auto decoder = std::make_unique<qtap::http::HpackDecoder>(/*exact=*/true);
  Printer printer;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.starts_with("start ")) {
      decoder = std::make_unique<qtap::http::HpackDecoder>(line == "start exact");
    } else if (line.starts_with("size ")) {
      decoder->set_max_table(static_cast<uint32_t>(std::stoul(line.substr(5))));
    } else {
      const std::string block = from_hex(line.substr(6));
      const bool done = decoder->add({reinterpret_cast<const uint8_t*>(block.data()), block.size()},
                                     /*last=*/true, printer);
      std::cout << (done ? "end\n" : "broken\n");
    }
  }
  return 0;
}
