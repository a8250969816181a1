// SPDX-License-Identifier: Apache-2.0
// What the goldens cannot show: every position of a gap, the contract towards the owner.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support/h2_writer.h"
#include "transcript.h"

using namespace qtap;
using test::H2Writer;
using test::Reader;
using test::Transcript;

namespace {

constexpr int64_t kMs = 1000000;

class Bodies final : public http::ParserEvents {
 public:
  void on_exchange(Ref<http::Exchange> tx) override { transactions.push_back(std::move(tx)); }
  void on_request_head(http::Exchange&) override {}
  void on_client(Direction) override {}
  void on_body(http::Exchange& tx, const http::BodyPiece& piece) override {
    log += tx.request.target + "@" + std::to_string(piece.offset) + "=" + std::string(piece.bytes) +
           (piece.direction == Direction::kSent ? " sent\n" : "\n");
  }
  void on_body_end(http::Exchange& tx, const http::BodyEnd& end) override {
    log += tx.request.target + (end.message == http::MessageKind::kRequest ? " > " : " < ") +
           (end.complete ? "end " : "cut ") + (end.length ? std::to_string(*end.length) : "?") +
           "\n";
  }
  void on_parse_error(const http::ParseError&) override { ++errors; }
  void on_limit() override { ++limits; }

  std::vector<Ref<http::Exchange>> transactions;
  std::string log;
  int errors = 0;
  int limits = 0;
};

class Session {
 public:
  explicit Session(Reader reader = Reader::kHttp2, http::ParserLimits limits = {})
      : parser_(test::make_parser(reader, limits, out)) {}

  void sent(const std::vector<std::string>& lines) {
    data(Direction::kSent, H2Writer().write(lines));
  }
  void received(const std::vector<std::string>& lines) {
    data(Direction::kReceived, H2Writer().write(lines));
  }
  void data(Direction direction, const std::string& text) {
    parser_->data(direction, ++now_ * kMs,
                  {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  void open() {
    sent({"preface", "SETTINGS 0"});
    received({"SETTINGS 0"});
  }
  http::Parser& parser() { return *parser_; }
  void close() { parser_->close(++now_ * kMs, http::Truncation::kAborted); }

  Bodies out;

 private:
  std::unique_ptr<http::Parser> parser_;
  int64_t now_ = 0;
};

std::vector<std::string> get(int stream, const std::string& path) {
  return {"HEADERS " + std::to_string(stream) + " END_HEADERS END_STREAM",
          "  :method: GET",
          "  :scheme: https",
          "  :authority: a",
          "  :path: " + path,
          "  user-agent: t",
          "  accept: x"};
}

const std::string kBody = "0123456789abcdef";

}  // namespace

TEST_SUITE("http/h2_parser") {
  TEST_CASE("a field with a bad byte ends each stream that refers to it") {
    for (const std::string bad : {"X-Name: 1", "x-name: 1 ", "x-name: \r"}) {
      CAPTURE(bad);
      Session session;
      session.open();
      std::vector<std::string> first = get(1, "/1");
      first.push_back("  +" + bad);
      session.sent(first);
      std::vector<std::string> second = get(3, "/3");
      second.push_back("  #62");
      session.sent(second);
      session.sent(get(5, "/5"));
      CHECK(session.out.errors == 2);
      CHECK(session.out.transactions.size() == 2);
    }
  }

  TEST_CASE("a gap at every place of DATA is counted exactly") {
    for (size_t at = 0; at < kBody.size(); ++at) {
      for (size_t len = 1; at + len <= kBody.size(); ++len) {
        CAPTURE(at);
        CAPTURE(len);
        Session session;
        session.open();
        session.sent(get(1, "/1"));
        const std::string head = H2Writer().write({"HEADERS 1 END_HEADERS", "  #8"});
        const std::string frame = test::h2_frame(0, 1, 1, kBody);
        session.data(Direction::kReceived, head + frame.substr(0, 9 + at));
        session.parser().gap(Direction::kReceived, 5 * kMs, len);
        session.data(Direction::kReceived, frame.substr(9 + at + len));
        session.sent(get(3, "/3"));
        session.received({"HEADERS 3 END_HEADERS END_STREAM", "  :status: 202"});
        REQUIRE(session.out.transactions.size() == 2);
        const http::Exchange& first = *session.out.transactions[0];
        CHECK(first.response.complete);
        CHECK(first.response.truncation == http::Truncation::kCaptureLoss);
        CHECK(first.response.missing_bytes == len);
        CHECK(first.response.body_bytes == kBody.size());
        CHECK(first.response.body == kBody.substr(0, at) + kBody.substr(at + len));
        CHECK(first.response.wire_bytes == head.size() + frame.size());
        CHECK_FALSE(session.out.transactions[1]->truncated());
        CHECK(session.out.errors == 0);
      }
    }
  }

  // Three exchanges whose heads refer to each other through the table; any stretch of the answers
  // is missing. Whatever is told must be true.
  TEST_CASE("a gap anywhere makes nothing false: values, bodies, pairs") {
    std::string answers = H2Writer().write({"HEADERS 1 END_HEADERS",
                                            "  #8",
                                            "  +x-name: one",
                                            "  +server: s",
                                            "  date: now",
                                            "DATA 1",
                                            "  \"1111111111\"",
                                            "DATA 1 END_STREAM",
                                            "  \"1111\"",
                                            "HEADERS 3 END_HEADERS",
                                            "  #8",
                                            "  +x-name: two",
                                            "  #63",
                                            "  content-type: t",
                                            "  date: now",
                                            "DATA 3 END_STREAM",
                                            "  \"3333333333\"",
                                            "HEADERS 5 END_HEADERS",
                                            "  #8",
                                            "  #62",
                                            "  #63",
                                            "  content-type: t",
                                            "  date: now",
                                            "DATA 5 END_STREAM",
                                            "  \"5555555555\""});
    for (size_t at = 0; at < answers.size(); ++at) {
      for (size_t len = 1; at + len <= answers.size(); len += 1 + len / 4) {
        CAPTURE(at);
        CAPTURE(len);
        Session session;
        session.open();
        for (const int id : {1, 3, 5}) session.sent(get(id, "/" + std::to_string(id)));
        session.data(Direction::kReceived, answers.substr(0, at));
        session.parser().gap(Direction::kReceived, 9 * kMs, len);
        session.data(Direction::kReceived, answers.substr(at + len));
        session.close();
        REQUIRE(session.out.transactions.size() == 3);
        for (const Ref<http::Exchange>& tx : session.out.transactions) {
          const http::Response& response = tx->response;
          const char digit = tx->request.target[1];
          CHECK(response.body.find_first_not_of(digit) == std::string::npos);
          if (const auto name = http::find_header(response, "x-name")) {
            CHECK(*name == (digit == '1' ? "one" : "two"));
          }
          if (const auto server = http::find_header(response, "server")) CHECK(*server == "s");
          if (response.truncated()) continue;
          CHECK(response.complete);
          CHECK(response.status == 200);
          CHECK(response.body.size() == (digit == '1' ? 14 : 10));
        }
      }
    }
  }

  TEST_CASE("joined at every byte, nothing is false and later exchanges are read") {
    std::string requests;
    for (int id = 1; id < 40; id += 2) {
      const std::string path = id == 1 ? "  +:path: /1" : "  #62";
      requests += H2Writer().write({"HEADERS " + std::to_string(id) + " END_HEADERS END_STREAM",
                                    "  #2", "  #7", path, "  x-id: " + std::to_string(id),
                                    "  user-agent: t", "  accept: x"});
    }
    for (size_t at = 0; at < requests.size() / 2; ++at) {
      CAPTURE(at);
      Session session(Reader::kHttp2Late);
      session.data(Direction::kSent, requests.substr(at));
      session.close();
      REQUIRE(session.out.transactions.size() >= 9);
      for (const Ref<http::Exchange>& tx : session.out.transactions) {
        CHECK(tx->request.method == "GET");
        const bool is_known = tx->request.target_known;
        CHECK(is_known == (at == 0));
        CHECK(tx->request.target == (is_known ? "/1" : ""));
        CHECK(tx->request.unknown_fields == (is_known ? 0 : 1));
      }
    }
  }

  TEST_CASE("bodies are told as they pass, with their place") {
    http::ParserLimits limits;
    limits.body_buffer = 0;
    limits.tells_bodies = true;
    Session session(Reader::kHttp2, limits);
    session.open();
    session.sent({"HEADERS 1 END_HEADERS", "  :method: POST", "  :scheme: https", "  :path: /1",
                  "DATA 1", "  \"up\"", "DATA 1 END_STREAM pad=2", "  \"load\""});
    session.received({"HEADERS 1 END_HEADERS", "  #8", "DATA 1 len=10", "  \"ab\""});
    session.parser().gap(Direction::kReceived, 9 * kMs, 3);
    session.received({"\"cdefg\"", "HEADERS 1 END_HEADERS END_STREAM", "  x: y"});
    CHECK(session.out.log ==
          "/1@0=up sent\n/1@2=load sent\n/1 > end 6\n/1@0=ab\n/1@5=cdefg\n/1 < end 10\n");
    REQUIRE(session.out.transactions.size() == 1);
    CHECK(session.out.transactions[0]->response.missing_bytes == 3u);
  }

  TEST_CASE("bytes of a body that nobody wants may be left out, all but the last of a frame") {
    Session session;
    session.open();
    session.sent(get(1, "/1"));
    session.received({"HEADERS 1 END_HEADERS", "  #8", "DATA 1 END_STREAM len=100", "  \"abc\""});
    CHECK(session.parser().unwanted(Direction::kReceived) == 0);
    session.parser().keep_bodies(false);
    CHECK(session.parser().unwanted(Direction::kReceived) == 96);
    CHECK(session.parser().unwanted(Direction::kSent) == 0);
    session.parser().skipped(Direction::kReceived, 9 * kMs, 96);
    session.received({"\"z\""});
    REQUIRE(session.out.transactions.size() == 1);
    CHECK(session.out.transactions[0]->response.body_bytes == 100);
    CHECK(session.out.transactions[0]->response.complete);
  }

  TEST_CASE("only open streams are pending") {
    Session session;
    session.open();
    CHECK(session.parser().pending_since_ns() == 0);
    session.sent(get(1, "/1"));
    CHECK(session.parser().pending_since_ns() == 3 * kMs);
    session.received({"HEADERS 1 END_HEADERS END_STREAM", "  #8"});
    CHECK(session.parser().pending_since_ns() == 0);
  }

  TEST_CASE("given up, what came is handed out and marked") {
    Session session;
    session.open();
    session.sent(get(1, "/1"));
    session.received({"HEADERS 1 END_HEADERS", "  #8", "DATA 1", "  \"abc\""});
    session.parser().abandon(http::Truncation::kLimit);
    REQUIRE(session.out.transactions.size() == 1);
    CHECK(session.out.transactions[0]->response.body == "abc");
    CHECK(session.out.transactions[0]->response.truncation == http::Truncation::kLimit);
    CHECK_FALSE(session.out.transactions[0]->request.truncated());
  }

  TEST_CASE("a direction that fails again and again falls silent") {
    Session session;
    session.open();
    std::vector<std::string> lines;
    for (int i = 0; i < 100; ++i) {
      lines.insert(lines.end(), {"WINDOW_UPDATE 0", "  u32 1", "WINDOW_UPDATE 0", "  u32 1",
                                 "WINDOW_UPDATE 0", "  u32 0"});
    }
    session.received(lines);
    CHECK(session.out.errors > 1);
    CHECK(session.out.errors <= 16);
  }
}
