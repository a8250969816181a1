// SPDX-License-Identifier: Apache-2.0
// What the goldens cannot show: every position of a gap, memory, the contract towards the owner.
#include <doctest/doctest.h>

#include <string>

#include "transcript.h"

using namespace qtap;
using test::Transcript;

namespace {

constexpr int64_t kMs = 1000000;

class Session {
 public:
  explicit Session(http::ParserLimits limits = {})
      : parser_(http::make_http1_parser(limits, out)) {}

  void sent(std::string_view text) { data(Direction::kSent, text); }
  void received(std::string_view text) { data(Direction::kReceived, text); }
  void gap(Direction direction, uint64_t len) { parser_->gap(direction, ++now_ * kMs, len); }
  void close(http::Truncation reason = http::Truncation::kAborted) {
    parser_->close(++now_ * kMs, reason);
  }
  void abandon() { parser_->abandon(http::Truncation::kLimit); }
  int64_t pending_ms() const { return parser_->pending_since_ns() / kMs; }

  Transcript out;

 private:
  void data(Direction direction, std::string_view text) {
    parser_->data(direction, ++now_ * kMs,
                  {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }

  std::unique_ptr<http::Parser> parser_;
  int64_t now_ = 0;
};

const std::string kGet = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kBody = "0123456789abcdef";

// One exchange whose response lacks `len` bytes at `at`, and another behind it.
void check_gap(const std::string& response, size_t at, size_t len, bool is_inside_body) {
  CAPTURE(at);
  CAPTURE(len);
  Session session;
  session.sent(kGet);
  session.received(response.substr(0, at));
  session.gap(Direction::kReceived, len);
  session.received(response.substr(at + len));
  session.sent("GET /2 HTTP/1.1\r\n\r\n");
  session.received("HTTP/1.1 202 Second\r\nContent-Length: 0\r\n\r\n");
  session.close();
  REQUIRE(session.out.transactions.size() == 2);
  const http::Exchange& first = *session.out.transactions[0];
  const http::Exchange& second = *session.out.transactions[1];
  CHECK(second.request.target == "/2");
  CHECK(second.response.status == 202);
  CHECK_FALSE(second.truncated());
  CHECK(first.response.truncated());
  if (is_inside_body) {
    CHECK(first.response.complete);
    CHECK(first.response.missing_bytes == len);
    CHECK(first.response.body_bytes == kBody.size());
    CHECK(first.response.body.size() == kBody.size() - len);
  } else {
    CHECK_FALSE(first.response.missing_bytes);
  }
}

}  // namespace

TEST_SUITE("http/h1_parser") {
  TEST_CASE("a gap at every place of a body of known length is counted exactly") {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n";
    for (size_t at = 0; at < kBody.size(); ++at) {
      for (size_t len = 1; at + len <= kBody.size(); ++len) {
        check_gap(head + kBody, head.size() + at, len, true);
      }
    }
  }

  TEST_CASE("a gap at every place of a chunk is counted exactly") {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n";
    for (size_t at = 0; at < kBody.size(); ++at) {
      for (size_t len = 1; at + len <= kBody.size(); ++len) {
        check_gap(head + kBody + "\r\n0\r\n\r\n", head.size() + at, len, true);
      }
    }
  }

  TEST_CASE("a gap at every place of a head cuts the message short and harms no other") {
    const std::string head = "HTTP/1.1 200 OK\r\nServer: abc\r\nContent-Length: 16\r\n\r\n";
    for (size_t at = 0; at < head.size(); ++at) check_gap(head + kBody, at, 1, false);
  }

  TEST_CASE("a gap of one byte anywhere never makes a false pair") {
    const std::string responses =
        "HTTP/1.1 201 One\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        "HTTP/1.1 202 Two\r\nContent-Length: 2\r\n\r\nab"
        "HTTP/1.1 203 Three\r\nContent-Length: 2\r\n\r\nab";
    for (size_t at = 0; at < responses.size(); ++at) {
      for (const size_t len : {size_t{1}, size_t{20}, size_t{60}, size_t{90}}) {
        if (at + len > responses.size()) continue;
        CAPTURE(at);
        CAPTURE(len);
        Session session;
        session.sent("GET /201 HTTP/1.1\r\n\r\nGET /202 HTTP/1.1\r\n\r\nGET /203 HTTP/1.1\r\n\r\n");
        session.received(responses.substr(0, at));
        session.gap(Direction::kReceived, len);
        session.received(responses.substr(at + len));
        session.close();
        CHECK(session.out.transactions.size() == 3);
        for (const Ref<http::Exchange>& tx : session.out.transactions) {
          if (!tx->response.status) continue;
          CHECK(tx->request.target == "/" + std::to_string(*tx->response.status));
        }
      }
    }
  }

  TEST_CASE("a gap anywhere in the requests never makes a false pair when the client waits") {
    const std::string requests[] = {"GET /201 HTTP/1.1\r\nHost: a\r\n\r\n",
                                    "POST /202 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab",
                                    "GET /203 HTTP/1.1\r\nHost: a\r\n\r\n"};
    for (size_t which = 0; which < 3; ++which) {
      for (size_t at = 0; at < requests[which].size(); ++at) {
        CAPTURE(which);
        CAPTURE(at);
        Session session;
        session.received("not a start line\r\n");
        for (size_t i = 0; i < 3; ++i) {
          session.sent(requests[i].substr(0, i == which ? at : std::string::npos));
          if (i == which) {
            session.gap(Direction::kSent, 1);
            session.sent(requests[i].substr(at + 1));
          }
          session.received("HTTP/1.1 20" + std::to_string(i + 1) +
                           " x\r\nContent-Length: 0\r\n\r\n");
        }
        session.close();
        for (const Ref<http::Exchange>& tx : session.out.transactions) {
          if (!tx->response.status) continue;
          CHECK(tx->request.target == "/" + std::to_string(*tx->response.status));
        }
      }
    }
  }

  TEST_CASE("a body that is not wanted is counted and takes no memory") {
    http::ParserLimits limits;
    limits.body_buffer = 0;
    Session session(limits);
    session.sent(kGet);
    session.received("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    const std::string block(1000000, 'x');
    for (int i = 0; i < 100; ++i) session.received(block);
    REQUIRE(session.out.transactions.size() == 1);
    const http::Response& response = session.out.transactions[0]->response;
    CHECK(response.body_bytes == 100000000);
    CHECK(response.body.capacity() < 100);
    CHECK_FALSE(response.truncated());
  }

  TEST_CASE("the role is told once") {
    Session session;
    for (int i = 0; i < 3; ++i) {
      session.sent(kGet);
      session.received("HTTP/1.1 204 x\r\n\r\n");
    }
    const std::string& text = session.out.text();
    CHECK(text.find("role") == text.rfind("role"));
  }

  TEST_CASE("something is pending from the first byte of a request to the last of its response") {
    Session session;
    CHECK(session.pending_ms() == 0);
    session.sent("GET /1 HT");
    CHECK(session.pending_ms() == 1);
    session.sent("TP/1.1\r\n\r\n");
    CHECK(session.pending_ms() == 2);
    session.received("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
    CHECK(session.pending_ms() == 3);
    session.received("x");
    CHECK(session.pending_ms() == 0);
  }

  TEST_CASE("an answer that is not for us does not count as pending") {
    Session session;
    session.received("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    CHECK(session.pending_ms() == 0);
  }

  TEST_CASE("a message that is handed out is not written to any more") {
    http::ParserLimits limits;
    limits.pipelined_requests = 1;
    Session session(limits);
    session.sent(kGet);
    session.sent("GET /2 HTTP/1.1\r\n\r\n");
    REQUIRE(session.out.transactions.size() == 1);
    session.received("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
    CHECK_FALSE(session.out.transactions[0]->response.status);
    CHECK(session.out.transactions[0]->response.body.empty());
  }

  TEST_CASE("tunnels inside of tunnels are read up to a depth") {
    Session session;
    for (int depth = 0; depth < 1000; ++depth) {
      session.sent("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
      session.received("HTTP/1.1 200 OK\r\n\r\n");
    }
    session.close();
    CHECK(session.out.transactions.size() == http::ParserLimits{}.tunnels + 1);
    const std::string text = session.out.text();
    CHECK(text.find("limit\n") == text.rfind("limit\n"));
    CHECK(text.find("limit\n") != std::string::npos);
    CHECK(text.find("parse error") == std::string::npos);
  }

  TEST_CASE("what the server of a tunnel says early waits, wherever the request line is cut") {
    const std::string line = "GET /1 HTTP/1.1\r\n";
    for (size_t at = 0; at <= line.size(); ++at) {
      CAPTURE(at);
      Session session;
      session.sent("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
      session.received("HTTP/1.1 200 OK\r\n\r\n");
      session.sent(line.substr(0, at));
      session.received("HTTP/1.1 103 Early Hints\r\n\r\n");
      session.sent(line.substr(at) + "Host: a\r\n\r\n");
      session.received("HTTP/1.1 201 One\r\nContent-Length: 2\r\n\r\nhi");
      session.close();
      REQUIRE(session.out.transactions.size() == 2);
      CHECK(session.out.transactions[1]->request.target == "/1");
      CHECK(session.out.transactions[1]->response.status == 201);
      CHECK(session.out.errors.empty());
    }
  }

  TEST_CASE("a request line of 8000 bytes opens a tunnel to HTTP, and no longer one") {
    for (const size_t size : {size_t{7999}, size_t{8000}, size_t{8001}}) {
      CAPTURE(size);
      const std::string end = " HTTP/1.1\r\n";
      Session session;
      session.sent("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
      session.received("HTTP/1.1 200 OK\r\n\r\n");
      session.sent("GET /" + std::string(size - 5 - end.size(), 'x') + end + "\r\n");
      session.close();
      CHECK(session.out.transactions.size() == (size <= 8000 ? 2u : 1u));
      CHECK((session.out.text().find("limit\n") == std::string::npos) == (size <= 8000));
    }
  }

  TEST_CASE("an error in a tunnel tells its place in the connection") {
    const std::string connect = "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n";
    const std::string granted = "HTTP/1.1 200 OK\r\n\r\n";
    Session session;
    session.sent(connect + kGet);
    session.received(granted + "HTTP/1.1 20x Bad\r\n\r\n");
    session.close();
    REQUIRE(session.out.errors.size() == 1);
    CHECK(session.out.errors[0].direction == Direction::kReceived);
    // At the wrong byte, or right behind it, as llhttp's versions differ.
    CHECK(session.out.errors[0].offset >= granted.size() + 11);
    CHECK(session.out.errors[0].offset <= granted.size() + 12);
  }

  TEST_CASE("a switch of protocols ends a request that is not complete") {
    Session session;
    session.sent(
        "POST /1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 9\r\n\r\nab");
    session.received("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    REQUIRE(session.out.transactions.size() == 1);
    CHECK(session.out.transactions[0]->request.truncated());
    session.sent("cdefghi");
    session.close();
    CHECK(session.out.transactions.size() == 1);
  }

  TEST_CASE("a broken 101 still ends HTTP on the connection") {
    Session session;
    session.sent(kGet);
    session.received("HTTP/1.1 101 x\r\nbad\x01name: x\r\n\r\n");
    session.sent("GET /2 HTTP/1.1\r\n\r\n");
    session.close();
    REQUIRE(session.out.transactions.size() == 1);
    CHECK(session.out.transactions[0]->response.status == 101);
  }

  TEST_CASE("ten thousand broken start lines in one piece are worked off one after the other") {
    Session session;
    session.sent(kGet);
    std::string text;
    for (int i = 0; i < 10000; ++i) text += "GET / HTTP/1.7\r\n";
    session.sent(text);
    session.close();
    CHECK(session.out.transactions.size() == 1);
  }

  TEST_CASE("closing twice and data after a close do nothing") {
    Session session;
    session.sent(kGet);
    session.close();
    session.close();
    session.sent(kGet);
    session.received("HTTP/1.1 200 OK\r\n\r\n");
    session.gap(Direction::kSent, 5);
    CHECK(session.out.transactions.size() == 1);
  }

  TEST_CASE("a parser that is given up hands out what it has, marked where it is incomplete") {
    Session session;
    session.sent("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nA: 1\r\nB: hal");
    session.received("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0123");
    session.abandon();
    REQUIRE(session.out.transactions.size() == 3);
    for (const Ref<http::Exchange>& tx : session.out.transactions) {
      CHECK(tx->response.truncation == http::Truncation::kLimit);
      CHECK_FALSE(tx->response.missing_bytes);
    }
    const http::Exchange& first = *session.out.transactions[0];
    CHECK(first.response.status == 200);
    CHECK(first.response.body == "0123");
    CHECK_FALSE(first.request.truncated());
    CHECK_FALSE(session.out.transactions[1]->response.status);
    const http::Request& last = session.out.transactions[2]->request;
    CHECK(last.target == "/3");
    CHECK(last.truncation == http::Truncation::kLimit);
    REQUIRE(last.headers.size() == 1);  // half a value would be a false one
    CHECK(last.headers[0].value == "1");
  }

  TEST_CASE("a parser that is given up between messages hands out nothing more") {
    Session session;
    session.sent(kGet);
    session.received("HTTP/1.1 204 None\r\n\r\n");
    session.abandon();
    REQUIRE(session.out.transactions.size() == 1);
    CHECK_FALSE(session.out.transactions[0]->truncated());
  }

  TEST_CASE("methods that llhttp keeps for RTSP are methods as any other") {
    for (const std::string line : {"DESCRIBE", "GET_PARAMETER", "SETUP"}) {
      const std::string request = line + " /x HTTP/1.1\r\nHost: a\r\n\r\n";
      for (size_t cut = 1; cut < request.size(); ++cut) {
        Transcript out;
        const auto parser = http::make_http1_parser({}, out, Direction::kSent);
        const auto feed = [&](std::string_view text) {
          parser->data(Direction::kSent, kMs,
                       {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
        };
        feed(request.substr(0, cut));
        feed(request.substr(cut));
        parser->close(2 * kMs, http::Truncation::kAborted);
        CAPTURE(cut);
        CAPTURE(out.text());
        REQUIRE(out.transactions.size() == 1);
        CHECK(out.transactions[0]->request.method == line);
        CHECK(out.transactions[0]->request.target == "/x");
        CHECK(out.transactions[0]->request.complete);
      }
    }
  }

  TEST_CASE("RTSP and Icecast are no HTTP, whatever llhttp says, and wherever they are cut") {
    for (const std::string line :
         {"GET /x RTSP/1.0", "OPTIONS * RTSP/1.0", "SETUP rtsp://a/b RTSP/1.0", "SOURCE /m ICE/1.0",
          "GET /m ICE/1.0", "GET /x RTSP/1.1"}) {
      const std::string request = line + "\r\nHost: a\r\n\r\n";
      for (size_t cut = 1; cut < request.size(); ++cut) {
        Transcript out;
        const auto parser = http::make_http1_parser({}, out, Direction::kSent);
        for (const std::string& text :
             {request.substr(0, cut), request.substr(cut), std::string(kGet)}) {
          parser->data(Direction::kSent, kMs,
                       {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
        }
        parser->close(2 * kMs, http::Truncation::kAborted);
        CAPTURE(line);
        CAPTURE(cut);
        REQUIRE(out.errors.size() == 1);
        CHECK(std::string(out.errors[0].reason) == "not HTTP/1");
        CHECK(out.errors[0].offset <= line.size());
        REQUIRE(out.transactions.size() == 1);
        CHECK(out.transactions[0]->request.target == "/1");
      }
    }
  }

  TEST_CASE("bytes of a body that nobody wants are counted once") {
    struct Offsets : Transcript {
      void on_parse_error(const http::ParseError& error) override { last = error.offset; }
      uint64_t last = 0;
    };
    http::ParserLimits limits;
    limits.body_buffer = 0;
    limits.tells_bodies = false;
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    uint64_t offsets[2] = {};
    for (const bool skips : {false, true}) {
      Offsets out;
      const auto parser = http::make_http1_parser(limits, out, Direction::kSent);
      const auto data = [&](Direction direction, std::string_view text) {
        parser->data(direction, kMs, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
      };
      data(Direction::kSent, kGet);
      data(Direction::kReceived, head);
      for (const uint64_t len : {uint64_t{40}, uint64_t{59}}) {
        if (skips) {
          parser->skipped(Direction::kReceived, kMs, len);
        } else {
          data(Direction::kReceived, std::string(len, 'x'));
        }
      }
      data(Direction::kReceived, "x");
      REQUIRE(out.transactions.size() == 1);
      CHECK(out.transactions[0]->response.body_bytes == 100);
      CHECK(out.transactions[0]->response.wire_bytes == head.size() + 100);
      data(Direction::kReceived, "rubbish\r\n");
      offsets[skips ? 1 : 0] = out.last;
    }
    CHECK(offsets[0] > 100);
    CHECK(offsets[1] == offsets[0]);
  }
}
