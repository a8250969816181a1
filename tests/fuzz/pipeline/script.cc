// SPDX-License-Identifier: Apache-2.0
#include "script.h"

#include <array>
#include <string_view>

namespace fuzz {
namespace {

// Whole pieces of HTTP, so that the fuzzer need not find them letter by letter.
constexpr std::array<std::string_view, 19> kPieces = {
    "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "GET /old HTTP/1.0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "5\r\nfirst\r\n",
    "0\r\n\r\n",
    "0\r\nTrailer: t\r\n\r\n",
    "\r\n",
    "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> input) : input_(input) {}
  bool empty() const { return input_.empty(); }
  uint8_t byte() {
    if (input_.empty()) return 0;
    const uint8_t value = input_[0];
    input_ = input_.subspan(1);
    return value;
  }
  std::string bytes(size_t n) {
    n = n < input_.size() ? n : input_.size();
    std::string text(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(n));
    input_ = input_.subspan(n);
    return text;
  }

 private:
  std::span<const uint8_t> input_;
};

}  // namespace

// A step is one byte ddcc'okkk: direction bit 5, connection bits 4-3, kind bits 2-0; then what the
// kind needs.
std::vector<Step> read_script(std::span<const uint8_t> input) {
  std::vector<Step> steps;
  Reader reader(input);
  while (!reader.empty()) {
    const uint8_t head = reader.byte();
    Step step;
    step.connection = head >> 3 & 3;
    step.direction = head >> 5 & 1;
    switch (head & 7) {
      case 0:
        step.kind = Step::Kind::kOpen;
        break;
      case 1:
        step.kind = Step::Kind::kData;
        step.bytes = reader.bytes(reader.byte());
        break;
      case 2:
      case 3:
      case 4:
        step.kind = Step::Kind::kData;
        step.bytes = kPieces[reader.byte() % kPieces.size()];
        break;
      case 5:
        step.kind = Step::Kind::kGap;
        step.amount = reader.byte();
        break;
      case 6:
        step.kind = Step::Kind::kClose;
        break;
      default:
        step.kind = Step::Kind::kTick;
        step.amount = uint64_t{reader.byte()} * 100;
        break;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace fuzz
