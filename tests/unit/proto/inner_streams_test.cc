// SPDX-License-Identifier: Apache-2.0
// What holds wherever a gap lies; goldens show the single cases.
#include "proto/inner_streams.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../support/encode.h"
#include "model/transaction.h"

using namespace qtap;

namespace {

struct Told {
  std::string payload;
  uint32_t flags = 0;
  uint64_t wire_length = 0;
};

// What conn/ makes of a parser, with its ears open.
class Listener final : public http::ParserEvents, private proto::MessageEvents {
 public:
  explicit Listener(uint64_t message_buffer)
      : limits_{.tells_messages = message_buffer > 0, .message_buffer = message_buffer},
        inner_(limits_, *this),
        parser_(http::make_http1_parser(
            {.body_buffer = 0, .tells_bodies = true, .may_skip_bodies = message_buffer == 0},
            *this)) {}
  http::Parser& parser() { return *parser_; }

  std::vector<Ref<Transaction>> transactions;
  std::vector<Told> messages;
  size_t during = 0;
  size_t longest = 0;
  size_t listed = 0;
  int lost = 0;
  int errors = 0;
  int limits = 0;

 private:
  static Transaction& of(http::Exchange& exchange) { return static_cast<Transaction&>(exchange); }
  Ref<http::Exchange> make_exchange() override { return Ref<Transaction>::make(); }
  void on_exchange(Ref<http::Exchange> exchange) override {
    transactions.push_back(ref_cast<Transaction>(std::move(exchange)));
  }
  void on_request_head(http::Exchange& exchange) override { inner_.on_request_head(of(exchange)); }
  void on_response_head(http::Exchange& exchange) override {
    inner_.on_response_head(of(exchange));
  }
  void on_client(Direction client) override { inner_.set_client(client); }
  void on_body(http::Exchange& exchange, const http::BodyPiece& piece) override {
    inner_.on_body(of(exchange), piece);
  }
  void on_body_end(http::Exchange& exchange, const http::BodyEnd& end) override {
    inner_.on_body_end(of(exchange), end);
  }
  std::unique_ptr<http::Parser> make_next(const Ref<http::Exchange>& exchange,
                                          Direction client) override {
    Ref<http::Exchange> shared = exchange;
    return inner_.after_upgrade(ref_cast<Transaction>(std::move(shared)), client);
  }
  void on_message(Transaction& tx, const StreamMessage& message) override {
    if (message.part != MessageKind::kResponse || message.is_control()) return;
    messages.push_back({std::string(message.payload), message.flags, message.wire_length});
    during += transactions.empty() ? 1u : 0u;
    longest = std::max(longest, message.payload.size());
    listed = tx.messages ? tx.messages->list.size() : 0;
  }
  void on_messages_lost(Transaction&, StreamProtocol, Direction) override { ++lost; }
  void on_grpc() override {}
  void on_message_error() override { ++errors; }
  void on_parse_error(const http::ParseError&) override { ++errors; }
  void on_limit() override { ++limits; }

  const proto::MessageLimits limits_;
  proto::InnerStreams inner_;
  const std::unique_ptr<http::Parser> parser_;
};

struct Stream {
  std::string request;
  std::string head;  // of the response
  std::string body;
  std::vector<std::string> payloads;
};

std::string number(size_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

const std::vector<std::string> kPayloads = {"one", "", "three of them", std::string(30, 'x'), "5"};

Stream grpc_web() {
  Stream stream;
  stream.request = "POST /a.B/C HTTP/1.1\r\nContent-Type: application/grpc-web\r\n\r\n";
  for (const std::string& payload : kPayloads) {
    stream.body += '\0' + number(payload.size(), 4) + payload;
  }
  stream.head = "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\nContent-Length: " +
                std::to_string(stream.body.size()) + "\r\n\r\n";
  stream.payloads = kPayloads;
  return stream;
}

Stream sse() {
  Stream stream;
  stream.request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string& payload : kPayloads) stream.body += "data: " + payload + "\n\n";
  stream.head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                std::to_string(stream.body.size()) + "\r\n\r\n";
  stream.payloads = kPayloads;
  return stream;
}

Stream websocket() {
  Stream stream;
  stream.request =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  stream.head =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  for (const std::string& payload : kPayloads) {
    stream.body += '\x82' + number(payload.size(), 1) + payload;
  }
  stream.payloads = kPayloads;
  return stream;
}

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// `len` bytes of the body at `at` are missing.
void play(const Stream& stream, size_t at, size_t len, Listener& into) {
  http::Parser* parser = &into.parser();
  parser->data(Direction::kSent, 1, bytes(stream.request));
  parser->data(Direction::kReceived, 2, bytes(stream.head));
  const std::string_view body = stream.body;
  parser->data(Direction::kReceived, 3, bytes(body.substr(0, at)));
  if (len > 0) parser->gap(Direction::kReceived, 4, len);
  parser->data(Direction::kReceived, 5, bytes(body.substr(at + len)));
  parser->close(6, http::Truncation::kAborted);
}

constexpr uint32_t kNotWhole = kMessageIncomplete | kMessageTruncated;

// Whole messages are true ones in their order; of the others something is told, or that they may be
// missing.
void check(const Stream& stream, const Listener& heard) {
  size_t next = 0;
  size_t whole = 0;
  size_t marked = 0;
  for (const Told& told : heard.messages) {
    if ((told.flags & kNotWhole) != 0) {
      ++marked;
      continue;
    }
    ++whole;
    while (next < stream.payloads.size() && stream.payloads[next] != told.payload) ++next;
    REQUIRE(next < stream.payloads.size());
    ++next;
  }
  CHECK(whole + marked <= stream.payloads.size());
  if (whole + marked < stream.payloads.size()) CHECK(heard.lost == 1);
  CHECK(heard.errors == 0);
  CHECK(heard.transactions.size() == 1);
}

}  // namespace

TEST_SUITE("proto/inner_streams") {
  TEST_CASE("wherever bytes are missing, what is told as whole is whole") {
    for (const Stream& stream : {grpc_web(), sse(), websocket()}) {
      for (const size_t len : {1u, 2u, 7u, 40u}) {
        for (size_t at = 0; at + len <= stream.body.size(); ++at) {
          CAPTURE(stream.request);
          CAPTURE(len);
          CAPTURE(at);
          Listener heard(1024);
          play(stream, at, len, heard);
          check(stream, heard);
        }
      }
      Listener heard(1024);
      play(stream, 0, 0, heard);
      CHECK(heard.messages.size() == stream.payloads.size());
      CHECK(heard.lost == 0);
    }
  }

  TEST_CASE("a message inside of which bytes are missing does not take the next one") {
    const Stream stream = grpc_web();
    Listener heard(1024);
    play(stream, stream.body.find("three") + 1, 4, heard);
    REQUIRE(heard.messages.size() == 5);
    CHECK((heard.messages[2].flags & kMessageIncomplete) != 0);
    CHECK(heard.messages[3].payload == kPayloads[3]);
    CHECK(heard.messages[3].flags == 0);
    CHECK(heard.transactions[0]->messages->flow(MessageKind::kResponse).count() == 5);
  }

  TEST_CASE("messages come while the stream is open, and memory does not grow with it") {
    Listener heard(16);
    http::Parser* parser = &heard.parser();
    parser->data(Direction::kSent, 1, bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    parser->data(Direction::kReceived, 2,
                 bytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"));
    const std::string event = "data: " + std::string(1000, 'x') + "\n\n";
    for (int i = 0; i < 5000; ++i) parser->data(Direction::kReceived, 3 + i, bytes(event));
    CHECK(heard.during == 5000);
    CHECK(heard.longest == 16);
    CHECK(heard.listed == Messages::kMaxListed);
    CHECK(heard.limits == 5000 + 1);  // each payload that is cut, and the list
    parser->close(9000, http::Truncation::kAborted);
    REQUIRE(heard.transactions.size() == 1);
    const Messages& messages = *heard.transactions[0]->messages;
    CHECK(messages.flow(MessageKind::kResponse).messages == 5000);
    CHECK(messages.left_out == 5000 - Messages::kMaxListed);
    CHECK(heard.transactions[0]->response.body.empty());
  }

  TEST_CASE("without anybody who wants payloads there are none, and the counts are the same") {
    for (const Stream& stream : {grpc_web(), sse()}) {
      Listener heard(0);
      http::Parser* parser = &heard.parser();
      parser->data(Direction::kSent, 1, bytes(stream.request));
      parser->data(Direction::kReceived, 2, bytes(stream.head + stream.body));
      REQUIRE(heard.transactions.size() == 1);
      CHECK(heard.longest == 0);
      CHECK(heard.limits == 0);
      CHECK(heard.transactions[0]->messages->flow(MessageKind::kResponse).count() ==
            stream.payloads.size());
    }
  }

  TEST_CASE("what nobody wants may be left out of a message, whose length is known all the same") {
    Listener heard(0);
    http::Parser* parser = &heard.parser();
    const size_t len = 200000;
    parser->data(Direction::kSent, 1,
                 bytes("POST /a.B/C HTTP/1.1\r\nContent-Type: application/grpc-web\r\n"
                       "Content-Length: " +
                       std::to_string(len + 5) + "\r\n\r\n" + '\0' + number(len, 4)));
    CHECK(parser->unwanted(Direction::kSent) == len - 1);
    parser->skipped(Direction::kSent, 2, len - 1);
    parser->data(Direction::kSent, 3, bytes("x"));
    parser->data(Direction::kReceived, 4, bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    REQUIRE(heard.transactions.size() == 1);
    const MessageFlow& flow = heard.transactions[0]->messages->flow(MessageKind::kRequest);
    CHECK(flow.count() == 1);
    CHECK(flow.total_bytes() == len);
    CHECK_FALSE(heard.transactions[0]->truncated());
  }

  TEST_CASE("payloads of a WebSocket that nobody wants are left out, and the same is told") {
    const auto frame = [](char first, const std::string& payload) {
      return std::string(1, first) + '\x7f' + number(payload.size(), 8) + payload;
    };
    std::string noise;  // does not compress
    uint32_t state = 1;
    for (size_t i = 0; i < 100000; ++i) {
      noise += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    }
    const std::string packed = test::raw_deflate(noise);
    const std::string frames = frame('\x82', noise) + frame('\x01', std::string(70000, 'a')) +
                               "\x89\x02hi" + frame('\x80', std::string(70000, 'b')) +
                               frame('\xc2', packed) + frame('\xc2', packed) + "\x81\x02ok";
    const std::string agreed = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    const auto with_deflate = [&](std::string head) {
      return head.insert(head.find("Upgrade: websocket"), agreed);
    };
    const auto play = [&](Listener& heard, bool is_skipping) {
      http::Parser& parser = heard.parser();
      parser.data(Direction::kSent, 1, bytes(with_deflate(websocket().request)));
      parser.data(Direction::kReceived, 2, bytes(with_deflate(websocket().head)));
      size_t left_out = 0;
      for (size_t at = 0; at < frames.size();) {
        const uint64_t more = is_skipping ? parser.unwanted(Direction::kReceived) : 0;
        if (more > 0) parser.skipped(Direction::kReceived, 3, more);
        if (more == 0) parser.data(Direction::kReceived, 3, bytes(frames.substr(at, 1)));
        at += more > 0 ? static_cast<size_t>(more) : 1;
        left_out += static_cast<size_t>(more);
      }
      return left_out;
    };
    Listener whole(0);
    Listener skipping(0);
    CHECK(play(whole, false) == 0);
    CHECK(play(skipping, true) > frames.size() - 1000);
    REQUIRE(skipping.messages.size() == whole.messages.size());
    CHECK(whole.messages.size() == 5);
    for (size_t i = 0; i < whole.messages.size(); ++i) {
      CAPTURE(i);
      CHECK(skipping.messages[i].flags == whole.messages[i].flags);
      CHECK(skipping.messages[i].wire_length == whole.messages[i].wire_length);
      CHECK((skipping.messages[i].flags & kMessageIncomplete) == 0);
    }
    CHECK(skipping.lost == 0);
    Listener wanting(16);
    CHECK(play(wanting, true) == 0);
  }

  TEST_CASE("somebody who wants messages needs the bodies that hold them") {
    Listener heard(16);
    http::Parser* parser = &heard.parser();
    parser->data(Direction::kSent, 1, bytes("POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n"));
    CHECK(parser->unwanted(Direction::kSent) == 0);
    parser->keep_bodies(false);
    CHECK(parser->unwanted(Direction::kSent) == 200000 - 1);
  }
}
