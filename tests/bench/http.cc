// SPDX-License-Identifier: Apache-2.0
// The parsers of http/ alone, one core, from memory, beside bare llhttp and bare nghttp2 on the
// same bytes in the same run; and what a connection and a stream hold. Prints one JSON array;
// tests/bench/run.py adds machine and commit.
#include <llhttp.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "http/parser.h"
#include "http_talk.h"

namespace {

namespace http = qtap::http;

using namespace qtap::bench;
using qtap::Direction;

class Counter final : public http::ParserEvents {
 public:
  void on_exchange(qtap::Ref<http::Exchange> exchange) override {
    ++exchanges;
    whole += exchange->request.complete && exchange->response.complete ? 1u : 0u;
  }
  void on_request_head(http::Exchange&) override {}
  void on_client(Direction) override {}
  void on_parse_error(const http::ParseError&) override { exit(1); }
  void on_limit() override { exit(1); }

  uint64_t exchanges = 0;
  uint64_t whole = 0;
};

void give(http::Parser& parser, Direction direction, std::string_view bytes) {
  parser.data(direction, 1, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// Per second, the median of kRuns.
template <typename Work>
double rate(uint64_t count, Work work) {
  std::vector<double> rates;
  for (int run = 0; run < kRuns; ++run) {
    const int64_t begin = now_ns();
    work(count);
    rates.push_back(static_cast<double>(count) * 1e9 / static_cast<double>(now_ns() - begin));
  }
  std::sort(rates.begin(), rates.end());
  return rates[kRuns / 2];
}

// Both messages, with callbacks that do nothing but count.
void bare_llhttp(uint64_t count) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  uint64_t messages = 0;
  const auto ignore = [](llhttp_t*, const char*, size_t) { return 0; };
  settings.on_url = settings.on_status = ignore;
  settings.on_header_field = settings.on_header_value = settings.on_body = ignore;
  settings.on_message_complete = [](llhttp_t* p) {
    ++*static_cast<uint64_t*>(p->data);
    return 0;
  };
  llhttp_t requests;
  llhttp_t responses;
  llhttp_init(&requests, HTTP_REQUEST, &settings);
  llhttp_init(&responses, HTTP_RESPONSE, &settings);
  requests.data = responses.data = &messages;
  for (uint64_t i = 0; i < count; ++i) {
    if (llhttp_execute(&requests, kRequest.data(), kRequest.size()) != HPE_OK) exit(1);
    if (llhttp_execute(&responses, kResponse.data(), kResponse.size()) != HPE_OK) exit(1);
  }
  if (messages != 2 * count) exit(1);
}

void http1_exchanges(uint64_t count) {
  Counter counter;
  const auto parser = http::make_http1_parser({}, counter, Direction::kSent);
  for (uint64_t i = 0; i < count; ++i) {
    give(*parser, Direction::kSent, kRequest);
    give(*parser, Direction::kReceived, kResponse);
  }
  if (counter.whole != count) exit(1);
}

void open_http2(http::Parser& parser) {
  static const std::string settings = h2_frame(4, 0, 0, {});
  give(parser, Direction::kSent, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings);
  give(parser, Direction::kReceived, settings);
}

void http2_exchanges(uint64_t count) {
  Counter counter;
  std::unique_ptr<http::Parser> parser;
  for (uint64_t i = 0; i < count; ++i) {
    const size_t n = i % kExchanges;
    if (n == 0) {
      parser = http::make_http2_parser(http::StreamStart::kFirstByte, {}, counter);
      open_http2(*parser);
    }
    give(*parser, Direction::kSent, h2_client().messages[n]);
    give(*parser, Direction::kReceived, h2_server().messages[n]);
  }
  if (counter.whole != count) exit(1);
}

// One body of `count` bytes in pieces of 16 KiB; none of it is kept. Bytes per second.
void http1_body(uint64_t count) {
  Counter counter;
  http::ParserLimits limits;
  limits.body_buffer = 0;
  const auto parser = http::make_http1_parser(limits, counter, Direction::kSent);
  give(*parser, Direction::kSent, kRequest);
  give(*parser, Direction::kReceived,
       "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(count) + "\r\n\r\n");
  static const std::string piece(16384, 'x');
  for (uint64_t at = 0; at < count; at += piece.size()) {
    give(*parser, Direction::kReceived, piece);
  }
  if (counter.whole != 1) exit(1);
}

void http2_body(uint64_t count) {
  Counter counter;
  http::ParserLimits limits;
  limits.body_buffer = 0;
  const auto parser = http::make_http2_parser(http::StreamStart::kFirstByte, limits, counter);
  open_http2(*parser);
  give(*parser, Direction::kSent, h2_client().messages[0]);
  give(*parser, Direction::kReceived, h2_frame(1, 4, 1, "\x88"));
  static const std::string frame = h2_frame(0, 0, 1, std::string(16384, 'x'));
  for (uint64_t at = 0; at < count; at += 16384) give(*parser, Direction::kReceived, frame);
  give(*parser, Direction::kReceived, h2_frame(0, 1, 1, ""));
  if (counter.whole != 1) exit(1);
}

size_t heap_bytes() {
  return mallinfo2().uordblks;
}

// What each of many connections holds after one exchange.
template <typename Make>
size_t idle_bytes(Make make) {
  constexpr size_t kConnections = 1000;
  Counter counter;
  std::vector<std::unique_ptr<http::Parser>> parsers(kConnections);
  const size_t before = heap_bytes();
  for (auto& parser : parsers) parser = make(counter);
  return (heap_bytes() - before) / kConnections;
}

std::unique_ptr<http::Parser> idle_http1(Counter& counter) {
  auto parser = http::make_http1_parser({}, counter, Direction::kSent);
  give(*parser, Direction::kSent, kRequest);
  give(*parser, Direction::kReceived, kResponse);
  return parser;
}

std::unique_ptr<http::Parser> idle_http2(Counter& counter) {
  auto parser = http::make_http2_parser(http::StreamStart::kFirstByte, {}, counter);
  open_http2(*parser);
  give(*parser, Direction::kSent, h2_client().messages[0]);
  give(*parser, Direction::kReceived, h2_server().messages[0]);
  return parser;
}

// What each stream holds while its answer is awaited: request fields of 500 bytes among it.
size_t stream_bytes() {
  Counter counter;
  const auto parser = http::make_http2_parser(http::StreamStart::kFirstByte, {}, counter);
  open_http2(*parser);
  const size_t before = heap_bytes();
  for (const std::string& message : h2_client().messages) {
    give(*parser, Direction::kSent, message);
  }
  return (heap_bytes() - before) / kExchanges;
}

void row(const char* name, const char* unit, double value, double bare, const char* end = ",") {
  printf("  {\"name\": \"%s\", \"%s\": %.0f", name, unit, value);
  if (bare > 0) printf(", \"bare\": %.0f, \"times_bare\": %.2f", bare, bare / value);
  printf("}%s\n", end);
}

}  // namespace

int main() {
  constexpr uint64_t kCount = 100'000;
  constexpr uint64_t kBody = uint64_t{1} << 30;
  const double llhttp = rate(kCount, bare_llhttp);
  const double http1 = rate(kCount, http1_exchanges);
  const double nghttp2 = measure_inflate(kCount);
  const double http2 = rate(kCount, http2_exchanges);
  printf("[\n");
  row("HTTP/1.1, 500 B and 1 KiB", "exchanges_per_second", http1, llhttp);
  row("HTTP/2, 10 fields each", "exchanges_per_second", http2, nghttp2);
  row("HTTP/1.1 body, not kept", "bytes_per_second", rate(kBody, http1_body), 0);
  row("HTTP/2 body, not kept", "bytes_per_second", rate(kBody, http2_body), 0);
  row("HTTP/1.1, idle connection", "bytes", static_cast<double>(idle_bytes(idle_http1)), 0);
  row("HTTP/2, idle connection", "bytes", static_cast<double>(idle_bytes(idle_http2)), 0);
  row("HTTP/2, open stream", "bytes", static_cast<double>(stream_bytes()), 0, "");
  printf("]\n");
  return 0;
}
