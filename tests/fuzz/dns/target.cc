// SPDX-License-Identifier: Apache-2.0
// A DNS message, and the same bytes as a stream of messages of both ends. Oracles: a message is
// exactly its bytes, its names have at most 255, and cutting a stream changes no answer.
//
// Input: a message; as a stream, its first half is sent and its second half received.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "proto/dns.h"
#include "proto/parser.h"

namespace {

using namespace qtap;

void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "dns: %s\n", what);
  abort();
}

class Answers final : public proto::ParserEvents {
 public:
  void on_exchange(Ref<http::Exchange>) override {}
  void on_request_head(http::Exchange&) override {}
  void on_client(Direction) override {}
  void on_dns_answer(const proto::DnsMessage& answer) override {
    names.push_back(answer.question + "=" + std::to_string(answer.addresses.size()));
  }
  void on_parse_error(const http::ParseError&) override { names.emplace_back("error"); }
  void on_limit() override {}
  std::vector<std::string> names;
};

std::vector<std::string> answers(std::span<const uint8_t> bytes, size_t piece) {
  Answers events;
  const auto parser = proto::make_dns_parser(proto::DnsFraming::kStream, events);
  const size_t half = bytes.size() / 2;
  const auto feed = [&](Direction direction, std::span<const uint8_t> part) {
    while (!part.empty()) {
      const size_t len = std::min(piece, part.size());
      parser->data(direction, 1, part.first(len));
      part = part.subspan(len);
    }
  };
  feed(Direction::kSent, bytes.first(half));
  feed(Direction::kReceived, bytes.subspan(half));
  return events.names;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = proto::read_dns(text)) {
    must(message->question.size() <= 255, "a name that is too long");
    must(message->addresses.size() <= 64, "too many addresses");
    must(message->is_response || message->addresses.empty(), "a question that answers");
    must(!proto::read_dns(text.substr(0, size - 1)), "a byte less is a message, too");
    must(!proto::read_dns(std::string(text) + '\0'), "a byte more is a message, too");
  }
  must(answers({data, size}, SIZE_MAX) == answers({data, size}, 1), "cutting changes answers");
  return 0;
}
