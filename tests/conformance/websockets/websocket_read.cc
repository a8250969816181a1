// SPDX-License-Identifier: Apache-2.0
// Reads one direction of a recorded WebSocket connection and says what is in it, one line each.
// Usage: websocket_read client|server KEY ACCEPT EXTENSIONS FILE   (FILE: what follows the head)
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "http/websocket.h"

namespace {

using namespace qtap::http;

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
    out += digits;
  }
  return out;
}

class Printer final : public WebSocketSide::Events {
 public:
  void on_message_begin(const WebSocketMessage&) override { payload_.clear(); }
  void on_payload(const WebSocketMessage& message, uint64_t offset,
                  std::string_view bytes) override {
    if (offset != payload_.size()) std::printf("hole in message %llu\n", number(message.index));
    payload_ += bytes;
  }
  void on_message_end(const WebSocketMessage& m) override {
    const bool is_right = m.is_complete && !m.is_bad_text && m.decoded_bytes == payload_.size();
    std::printf("%s %s %s %llu %s\n", m.opcode == WebSocketOpcode::kText ? "text" : "binary",
                websocket_decoding_name(m.decoding), is_right ? "whole" : "wrong",
                number(m.fragments), hex(payload_).c_str());
  }
  void on_control(const WebSocketControl& c) override {
    const char* name = c.opcode == WebSocketOpcode::kClose  ? "close"
                       : c.opcode == WebSocketOpcode::kPing ? "ping"
                                                            : "pong";
    std::printf("%s %s %s\n", name, c.is_bad_close ? "wrong" : "whole", hex(c.payload).c_str());
  }
  void on_fault(WebSocketFault fault, uint64_t position) override {
    std::printf("fault %s at %llu\n", websocket_fault_name(fault), number(position));
  }

 private:
  static unsigned long long number(uint64_t value) { return value; }
  std::string payload_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s client|server KEY ACCEPT EXTENSIONS FILE\n", argv[0]);
    return 2;
  }
  if (websocket_accept(argv[2]) != argv[3]) {
    std::printf("the accept does not belong to the key\n");
    return 1;
  }
  const bool is_client = std::string_view(argv[1]) == "client";
  const WebSocketExtensions agreed = websocket_extensions(argv[4]);
  if (!agreed.is_valid || agreed.has_others) std::printf("extensions not understood\n");
  std::ifstream file(argv[5], std::ios::binary);
  const std::string stream{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};

  Printer printer;
  std::optional<WebSocketDeflate> deflate;
  if (agreed.has_deflate) deflate = is_client ? agreed.client : agreed.server;
  WebSocketSide side(is_client ? WebSocketSide::Masking::kClient : WebSocketSide::Masking::kServer,
                     deflate, {}, printer);
  // Pieces of all sizes up to 1500, as packets have them; 7 and 1500 share no factor.
  size_t len = 1;
  for (size_t at = 0; at < stream.size(); at += len, len = 1 + (len + 7) % 1500) {
    side.data(1, std::string_view(stream).substr(at, len));
  }
  side.close();
  return 0;
}
