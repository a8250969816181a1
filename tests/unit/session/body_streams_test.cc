// SPDX-License-Identifier: Apache-2.0
// Bodies on their way to the stores: from bytes on a connection to the calls of a sink.
#include "session/body_streams.h"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conn/table.h"
#include "plugin/builtin.h"
#include "support/make.h"

using namespace qtap;
using plugin::BodyChoice;
using session::BodyStreams;
using session::Outlet;

namespace {

// What a sink got of each body, put together.
struct Body {
  std::string bytes;  // '.' where something is missing
  uint64_t missing = 0;
  size_t chunks = 0;
  bool is_last = false;
  bool truncated = false;
  bool length_known = true;
};

struct Shelf {
  std::map<std::pair<std::string, MessageKind>, Body> bodies;

  const Body* find(MessageKind kind) const {
    for (const auto& [key, body] : bodies) {
      if (key.second == kind) return &body;
    }
    return nullptr;
  }
};

class ShelfSink final : public sink::Sink {
 public:
  explicit ShelfSink(Shelf& shelf) : shelf_(shelf) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return false; }
  bool takes_objects() const override { return false; }
  bool takes_bodies() const override { return true; }
  Status put_event(const Ref<Event>&) override { return {}; }
  Status put_object(const Ref<Object>&) override { return {}; }
  Status put_body(const sink::BodyPart& part) override {
    const BodyChunk& chunk = part.chunk;
    Body& body = shelf_.bodies[{chunk.transaction_id, chunk.message}];
    CHECK(chunk.transaction_id.size() == 20);
    CHECK(chunk.connection_id.size() == 20);
    CHECK(part.first == (body.chunks == 0));
    CHECK_FALSE(body.is_last);
    CHECK(chunk.data.empty() == chunk.last);
    if (part.missing < 1000) body.bytes.append(part.missing, '.');
    body.missing += part.missing;
    body.bytes += chunk.data;
    ++body.chunks;
    body.is_last = chunk.last;
    body.truncated = part.truncated;
    body.length_known = !chunk.last || chunk.length_known;
    if (body.length_known && body.missing < 1000)
      CHECK(chunk.offset + chunk.data.size() == body.bytes.size());
    return {};
  }
  std::string locate(const Object&) const override { return {}; }
  Status flush(int) override { return {}; }
  void close() override {}

 private:
  Shelf& shelf_;
  std::string id_ = "shelf";
};

// Says what it is told to.
class Chooser final : public plugin::Plugin {
 public:
  explicit Chooser(BodyChoice& choice) : choice_(choice) {}
  const char* name() const override { return "chooser"; }
  plugin::Level needs() const override { return plugin::Level::kFull; }
  BodyChoice streams_bodies(const Ref<Connection>&, Transaction& tx, FieldStage) override {
    // A rule that needs the response.
    if (choice_ == BodyChoice::kLater && tx.response.status) return BodyChoice::kYes;
    return choice_;
  }
  Status on_transaction(plugin::Exchange&, plugin::Output&) override { return {}; }

 private:
  BodyChoice& choice_;
};

// A shard in small: connections, parsers, one plugin, one inline store.
class Bench final : public conn::ConnEvents, public conn::ProcessLookup {
 public:
  explicit Bench(uint64_t body_buffer = 64, FlowDirection direction = FlowDirection::kUnknown) {
    options_.parser.body_buffer = body_buffer;
    options_.parser.tells_bodies = true;
    options_.direction = direction;
    std::vector<sink::StorePlan> plans;
    plans.push_back({std::make_unique<ShelfSink>(shelf), {.has_worker = false}});
    REQUIRE(outlet_.add_sinks(std::move(plans)).ok());
    outlet_.open();
    plugins_.push_back(std::make_unique<Chooser>(choice));
    streams_.emplace(plugins_, ids_, outlet_, body_buffer);
    table_.emplace(options_, ids_, 0, *this, *this);
  }

  void open(Role role = Role::kClient) {
    Record r = at(RecordType::kOpen);
    r.role = role;
    r.local = test::ipv4(10, 0, 0, 1, 4000);
    r.remote = test::ipv4(8, 8, 8, 8);
    table_->on_record(r);
  }
  void data(Direction d, std::string_view text) {
    Record r = at(RecordType::kData);
    r.direction = d;
    r.offset = offsets_[index(d)];
    r.full_len = text.size();
    r.bytes = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
    offsets_[index(d)] += text.size();
    table_->on_record(r);
  }
  void request(std::string_view text) { data(Direction::kSent, text); }
  void response(std::string_view text) { data(Direction::kReceived, text); }
  void lose(Direction d, uint64_t len) { offsets_[index(d)] += len; }
  void close() {
    Record r = at(RecordType::kClose);
    r.total_bytes = offsets_;
    table_->on_record(r);
  }

  BodyChoice choice = BodyChoice::kYes;
  Shelf shelf;
  std::vector<Ref<Transaction>> transactions;
  bool ignored = false;

 private:
  Record at(RecordType type) {
    Record r;
    r.type = type;
    r.time_ns = ++now_;
    r.pid = 7;
    r.conn_key = r.stream_id = 1;
    return r;
  }
  bool on_connection(const Ref<Connection>&, Phase) override { return !ignored; }
  void on_data(const Ref<Connection>&, Direction, int64_t, uint64_t, uint64_t,
               std::span<const uint8_t>) override {}
  void on_transaction(Ref<Transaction> tx) override {
    streams_->on_transaction(tx->connection, *tx);
    transactions.push_back(tx);
  }
  void on_body(const Ref<Connection>& conn, Transaction& tx, const BodyPiece& piece,
               bool wanted) override {
    streams_->on_piece(conn, tx, piece, wanted);
  }
  void on_body_end(const Ref<Connection>& conn, Transaction& tx, const BodyEnd& end,
                   bool wanted) override {
    streams_->on_end(conn, tx, end, wanted);
  }
  void on_unwanted(uint64_t, Direction, uint64_t, SkipCause) override { FAIL("bodies are wanted"); }
  void on_report(const Ref<Connection>&, bool) override {}
  const Process* find_process(uint32_t) const override { return nullptr; }

  conn::ConnOptions options_;
  session::Host host_;
  Outlet outlet_{host_, [] {}, [](const std::string&) {}};
  std::vector<std::unique_ptr<plugin::Plugin>> plugins_;
  IdMaker ids_{1};
  std::optional<BodyStreams> streams_;
  std::optional<conn::Table> table_;
  std::array<uint64_t, 2> offsets_ = {};
  uint64_t now_ = 1'000'000'000'000;
};

const std::string kGet = "GET /a HTTP/1.1\r\nHost: api.example\r\n\r\n";

std::string post(const std::string& body) {
  return "POST /a HTTP/1.1\r\nHost: api.example\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string head(uint64_t length) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string chunked(const std::string& body, size_t piece) {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0; at < body.size(); at += piece) {
    const std::string part = body.substr(at, piece);
    char size[32];
    snprintf(size, sizeof size, "%zx\r\n", part.size());
    text += size + part + "\r\n";
  }
  return text + "0\r\nX-Trailer: 1\r\n\r\n";
}

std::string letters(size_t n) {
  std::string text(n, ' ');
  for (size_t i = 0; i < n; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

void check_whole(const Body* body, const std::string& expected) {
  REQUIRE(body);
  CHECK(body->bytes == expected);
  CHECK(body->missing == 0);
  CHECK(body->is_last);
  CHECK_FALSE(body->truncated);
  CHECK(body->length_known);
}

}  // namespace

TEST_SUITE("session/body_streams") {
  TEST_CASE("bodies larger than the buffer go out whole, both, however they are cut") {
    const std::string sent = letters(1000);
    const std::string received = letters(3000);
    std::string answer;
    SUBCASE("content-length") {
      answer = head(received.size()) + received;
    }
    SUBCASE("chunked") {
      answer = chunked(received, 100);
    }
    SUBCASE("until the end of the connection") {
      answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + received;
    }
    const std::string asked = post(sent);
    for (const size_t step : {size_t{1}, size_t{7}, size_t{64}, size_t{5000}}) {
      Bench b;
      b.open();
      for (size_t at = 0; at < asked.size(); at += step) b.request(asked.substr(at, step));
      for (size_t at = 0; at < answer.size(); at += step) b.response(answer.substr(at, step));
      b.close();
      CHECK(b.shelf.bodies.size() == 2);
      check_whole(b.shelf.find(MessageKind::kRequest), sent);
      check_whole(b.shelf.find(MessageKind::kResponse), received);
      // The object keeps its cut.
      REQUIRE(b.transactions.size() == 1);
      const Transaction& tx = *b.transactions[0];
      CHECK(tx.id == b.shelf.bodies.begin()->first.first);
      CHECK(tx.response.body == received.substr(0, 64));
      CHECK(tx.response.truncation == http::Truncation::kBodyBuffer);
      CHECK(tx.response.missing_bytes == received.size() - 64);
    }
  }

  TEST_CASE("one chunk is out before the next byte comes, and the end before the transaction") {
    Bench b;
    b.open();
    b.request(kGet);
    b.response(head(10) + "abc");
    REQUIRE(b.shelf.find(MessageKind::kResponse));
    CHECK(b.shelf.find(MessageKind::kResponse)->bytes == "abc");
    CHECK(b.transactions.empty());
    b.response("defghij");
    check_whole(b.shelf.find(MessageKind::kResponse), "abcdefghij");
    CHECK(b.transactions.size() == 1);
  }

  TEST_CASE("without full level no byte goes out") {
    Bench b;
    b.choice = BodyChoice::kNo;
    b.open();
    b.request(post(letters(100)));
    b.response(head(100) + letters(100));
    b.close();
    CHECK(b.transactions.size() == 1);
    CHECK(b.shelf.bodies.empty());
  }

  TEST_CASE("messages without a body have no chunk") {
    Bench b;
    b.open();
    b.request(kGet);
    b.response(head(0));
    b.request("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
    b.response(head(1000));
    b.close();
    CHECK(b.transactions.size() == 2);
    CHECK(b.shelf.bodies.empty());
  }

  TEST_CASE("a gap inside of a body is missing, at its place") {
    Bench b;
    b.open();
    b.request(kGet);
    b.response(head(30) + "0123456789");
    b.lose(Direction::kReceived, 10);
    b.response("abcdefghij");
    b.close();
    const Body* body = b.shelf.find(MessageKind::kResponse);
    REQUIRE(body);
    CHECK(body->bytes == "0123456789..........abcdefghij");
    CHECK(body->missing == 10);
    CHECK(body->is_last);
    CHECK(body->truncated);
    CHECK(b.transactions[0]->response.missing_bytes == 10);
  }

  TEST_CASE("a gap at the very end, and a whole body that is lost") {
    Bench b;
    b.open();
    b.request(kGet);
    b.response(head(20) + "0123456789");
    b.lose(Direction::kReceived, 10);
    b.request(kGet);
    b.response(head(8));
    b.lose(Direction::kReceived, 8);
    b.close();
    REQUIRE(b.shelf.bodies.size() == 2);
    for (const auto& [key, body] : b.shelf.bodies) {
      CHECK(body.is_last);
      CHECK(body.truncated);
      CHECK(body.missing == (body.chunks == 1 ? 8 : 10));
    }
  }

  TEST_CASE("a body that is cut short ends, with what is known of its length") {
    Bench b;
    b.open();
    b.request(kGet);
    bool is_known = true;
    SUBCASE("content-length") {
      b.response(head(100) + "abc");
    }
    SUBCASE("chunked") {
      b.response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc");
      is_known = false;
    }
    b.close();
    const Body* body = b.shelf.find(MessageKind::kResponse);
    REQUIRE(body);
    CHECK(body->bytes.substr(0, 3) == "abc");
    CHECK(body->missing == (is_known ? 97 : 0));
    CHECK(body->is_last);
    CHECK(body->truncated);
    CHECK(body->length_known == is_known);
  }

  TEST_CASE("what is decided late starts with what was kept, and says what was not") {
    Bench b;  // keeps 64
    b.choice = BodyChoice::kLater;
    b.open();
    const std::string sent = letters(100);
    b.request(post(sent));
    CHECK(b.shelf.bodies.empty());
    SUBCASE("the response decides") {
      b.response(head(5) + "hello");
      check_whole(b.shelf.find(MessageKind::kResponse), "hello");
      const Body* body = b.shelf.find(MessageKind::kRequest);
      REQUIRE(body);
      CHECK(body->bytes == sent.substr(0, 64) + std::string(36, '.'));
      CHECK(body->is_last);
      CHECK(body->truncated);
    }
    SUBCASE("nothing decides") {
      b.close();
      CHECK(b.transactions.size() == 1);
      CHECK(b.shelf.bodies.empty());
    }
  }

  TEST_CASE("what was kept behind a gap does not go to a wrong place") {
    Bench b;
    b.choice = BodyChoice::kLater;
    b.open();
    b.request("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n0123456789");
    b.lose(Direction::kSent, 10);
    b.request("abcdefghij");
    b.response(head(2) + "ok");
    const Body* body = b.shelf.find(MessageKind::kRequest);
    REQUIRE(body);
    CHECK(body->bytes == "0123456789" + std::string(20, '.'));
    CHECK(body->truncated);
  }

  TEST_CASE("of connections that are not wanted nothing goes out") {
    std::optional<Bench> b;
    SUBCASE("another direction") {
      b.emplace(64, FlowDirection::kIngress);
      b->open();
    }
    SUBCASE("the host said so") {
      b.emplace();
      b->ignored = true;
      b->open();
    }
    b->request(kGet);
    b->response(head(5) + "hello");
    b->close();
    CHECK(b->shelf.bodies.empty());
    CHECK(b->transactions.empty());
  }

  TEST_CASE("a connection that proves to be wanted hands out what was kept") {
    Bench b(64, FlowDirection::kEgressExternal);
    b.request(kGet);  // before its socket is known
    b.response(head(200) + letters(50));
    CHECK(b.shelf.bodies.empty());
    b.open();
    b.response(letters(200).substr(50));
    check_whole(b.shelf.find(MessageKind::kResponse), letters(200));
  }

  TEST_CASE("bodies go out when nothing of them is kept") {
    Bench b(0);
    b.open();
    b.request(kGet);
    b.response(head(200'000) + letters(200'000));
    const Body* body = b.shelf.find(MessageKind::kResponse);
    check_whole(body, letters(200'000));
  }
}
