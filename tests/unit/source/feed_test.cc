// SPDX-License-Identifier: Apache-2.0
#include "source/feed.h"

#include "helpers.h"
#include "source/record_decode.h"
#include "source/record_encode.h"
#include "source/record_layout.h"

using namespace qtap;
using namespace qtap::source;
using namespace qtap::source::test;
using enum qtap::RecordType;

namespace {

struct Fixture {
  uint64_t open(const FeedPeer& peer, uint64_t time_ns = 100) {
    const Result<uint64_t> id = source.open(sink, peer, time_ns);
    REQUIRE_MESSAGE(id.ok(), id.error().text);
    return *id;
  }
  Status sent(uint64_t id, uint64_t time_ns, std::string_view text) {
    return source.data(sink, id, Direction::kSent, time_ns, bytes_of(text));
  }
  const Record& last() const {
    REQUIRE_FALSE(sink.records.empty());
    return sink.records.back();
  }

  FeedSource source{Origin{}, /*max_open=*/3};
  Collector sink;
};

FeedPeer curl() {
  FeedPeer peer;
  peer.pid = 7;
  peer.tid = 8;
  peer.uid = 1000;
  peer.exe = "/usr/bin/curl";
  peer.comm = "curl";
  peer.user = "anna";
  peer.cgroup = "/user.slice";
  peer.container_id = "0123456789ab";
  peer.role = Role::kClient;
  peer.local = {AF_INET, 4000, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
  peer.remote = {AF_INET, 443, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8}};
  return peer;
}

void check_error(const Status& status, int code, std::string_view text) {
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().status == code);
  CHECK(status.error().text == text);
}

}  // namespace

TEST_SUITE("source/feed") {
  TEST_CASE("a plain connection is a process, an opening, bytes and a close with totals") {
    Fixture f;
    const uint64_t id = f.open(curl());
    REQUIRE(f.sink.types() == std::vector{kProcessInfo, kOpen});
    const Record& process = f.sink.records[0];
    CHECK(process.pid == 7);
    CHECK(process.tid == 8);
    CHECK(process.uid == 1000);
    CHECK(f.sink.texts[0] == "/usr/bin/curl,curl,anna,/user.slice,0123456789ab");
    const Record& open = f.sink.records[1];
    CHECK(open.conn_key == id);
    CHECK(open.stream_id == id);
    CHECK(open.time_ns == 100);
    CHECK(open.role == Role::kClient);
    CHECK(open.local == curl().local);
    CHECK(open.remote == curl().remote);

    REQUIRE(f.sent(id, 101, "abc").ok());
    CHECK(f.last().type == kData);
    CHECK(f.last().stream_kind == StreamKind::kSocket);
    CHECK(f.last().stream_id == id);
    CHECK(f.last().pid == 7);
    CHECK(f.last().direction == Direction::kSent);
    CHECK(f.last().offset == 0);
    REQUIRE(f.source.data(f.sink, id, Direction::kReceived, 102, bytes_of("de")).ok());
    CHECK(f.last().direction == Direction::kReceived);
    CHECK(f.last().offset == 0);
    REQUIRE(f.sent(id, 103, "fg").ok());
    CHECK(f.last().offset == 3);
    CHECK(f.last().full_len == 2);
    CHECK(f.sink.payload.back() == "fg");

    REQUIRE(f.source.close(f.sink, id, 104).ok());
    CHECK(f.last().type == kClose);
    CHECK(f.last().conn_key == id);
    CHECK(f.last().time_ns == 104);
    CHECK(f.last().total_bytes == std::array<uint64_t, 2>{5, 2});
    CHECK(f.sink.records.size() == 6);
  }

  TEST_CASE("a TLS connection has a stream of its own that is bound before its first byte") {
    Fixture f;
    FeedPeer peer = curl();
    peer.tls = true;
    const uint64_t id = f.open(peer);
    REQUIRE(f.sink.types() == std::vector{kProcessInfo, kOpen, kBind});
    CHECK(f.sink.records[1].stream_id == id);
    const Record bind = f.last();
    CHECK(bind.conn_key == id);
    CHECK(bind.stream_id != id);
    CHECK(bind.stream_kind == StreamKind::kOpenssl);
    REQUIRE(f.sent(id, 101, "abc").ok());
    CHECK(f.last().stream_id == bind.stream_id);
    CHECK(f.last().stream_kind == StreamKind::kOpenssl);
    CHECK(f.last().conn_key == id);
    REQUIRE(f.source.close(f.sink, id, 104).ok());
    CHECK(f.sink.types() == std::vector{kProcessInfo, kOpen, kBind, kData, kStreamEnd, kClose});
    CHECK(f.sink.records[4].stream_id == bind.stream_id);
    CHECK(f.sink.records[4].total_bytes == std::array<uint64_t, 2>{3, 0});
    CHECK(f.last().stream_id == id);
  }

  TEST_CASE("many bytes become records that are no longer than a record may be") {
    Fixture f;
    const uint64_t id = f.open(curl());
    const size_t before = f.sink.records.size();
    std::string text;
    while (text.size() < 2 * QTAP_DATA_MAX + 10) text += std::to_string(text.size());
    text.resize(2 * QTAP_DATA_MAX + 10);
    REQUIRE(f.sent(id, 101, text).ok());
    REQUIRE(f.sink.records.size() == before + 3);
    std::string all;
    for (size_t i = before; i < f.sink.records.size(); ++i) {
      CHECK(f.sink.records[i].offset == all.size());
      CHECK(f.sink.records[i].full_len == f.sink.payload[i].size());
      CHECK(f.sink.payload[i].size() <= QTAP_DATA_MAX);
      all += f.sink.payload[i];
    }
    CHECK(all == text);
  }

  TEST_CASE("a gap moves the position of its direction, at the last time of the connection") {
    Fixture f;
    const uint64_t id = f.open(curl());
    REQUIRE(f.sent(id, 105, "abc").ok());
    REQUIRE(f.source.gap(f.sink, id, Direction::kSent, 10).ok());
    CHECK(f.last().type == kGap);
    CHECK(f.last().time_ns == 105);
    CHECK(f.last().offset == 3);
    CHECK(f.last().full_len == 10);
    CHECK(f.last().bytes.empty());
    REQUIRE(f.sent(id, 106, "d").ok());
    CHECK(f.last().offset == 13);
    REQUIRE(f.source.close(f.sink, id, 106).ok());
    CHECK(f.last().total_bytes == std::array<uint64_t, 2>{14, 0});
  }

  TEST_CASE("a gap beyond 32 bits is told by where the record stands") {
    Fixture f;
    const uint64_t id = f.open(curl());
    const uint64_t len = uint64_t{5} << 32;
    REQUIRE(f.source.gap(f.sink, id, Direction::kReceived, len).ok());
    CHECK(f.last().full_len == UINT32_MAX);
    CHECK(f.last().offset + f.last().full_len == len);
    REQUIRE(f.source.data(f.sink, id, Direction::kReceived, 101, bytes_of("x")).ok());
    CHECK(f.last().offset == len);
    const size_t before = f.sink.records.size();
    check_error(f.source.gap(f.sink, id, Direction::kReceived, UINT64_MAX), QTAP_ERR_INVALID,
                "feed: 18446744073709551615 bytes more are impossible after 21474836481");
    CHECK(f.sink.records.size() == before);
  }

  TEST_CASE("two connections have positions and ids of their own") {
    Fixture f;
    const uint64_t a = f.open(curl());
    const uint64_t b = f.open(curl());
    CHECK(a != b);
    REQUIRE(f.sent(a, 101, "aaa").ok());
    REQUIRE(f.sent(b, 100, "b").ok());
    CHECK(f.last().conn_key == b);
    CHECK(f.last().offset == 0);
  }

  TEST_CASE("a process of which nothing is known is not introduced") {
    Fixture f;
    f.open({});
    CHECK(f.sink.types() == std::vector{kOpen});
  }

  TEST_CASE("a process of which nothing is known does not look like the one before it") {
    Fixture f;
    FeedPeer named;
    named.exe = "/bin/a";
    f.open(named);
    f.open({});
    REQUIRE(f.sink.types() == std::vector{kProcessInfo, kOpen, kProcessInfo, kOpen});
    CHECK(f.sink.texts[2] == ",,,,");
  }

  TEST_CASE("ids that are not open are told apart from those that never were") {
    Fixture f;
    const uint64_t id = f.open(curl());
    REQUIRE(f.source.close(f.sink, id, 100).ok());
    const size_t before = f.sink.records.size();
    check_error(f.sent(id, 101, "a"), QTAP_ERR_NOTFOUND, "feed: connection 1 is closed");
    check_error(f.source.gap(f.sink, id, Direction::kSent, 1), QTAP_ERR_NOTFOUND,
                "feed: connection 1 is closed");
    check_error(f.source.close(f.sink, id, 101), QTAP_ERR_NOTFOUND, "feed: connection 1 is closed");
    check_error(f.sent(2, 101, "a"), QTAP_ERR_NOTFOUND, "feed: connection 2 was never opened");
    check_error(f.sent(0, 101, "a"), QTAP_ERR_NOTFOUND, "feed: connection 0 was never opened");
    CHECK(f.sink.records.size() == before);
  }

  TEST_CASE("a time that goes back is an error and changes nothing") {
    Fixture f;
    const uint64_t id = f.open(curl());
    REQUIRE(f.sent(id, 105, "a").ok());
    const size_t before = f.sink.records.size();
    const char* const text = "feed: the time of connection 1 goes back from 105 to 104 ns";
    check_error(f.sent(id, 104, "a"), QTAP_ERR_INVALID, text);
    check_error(f.source.close(f.sink, id, 104), QTAP_ERR_INVALID, text);
    CHECK(f.sink.records.size() == before);
    REQUIRE(f.sent(id, 105, "b").ok());
    CHECK(f.last().offset == 1);
  }

  TEST_CASE("times that records cannot hold are an error") {
    Fixture f;
    CHECK_FALSE(f.source.open(f.sink, {}, UINT64_MAX).ok());
    const uint64_t id = f.open({}, kMaxTimeNs);
    CHECK_FALSE(f.sent(id, kMaxTimeNs + 1, "a").ok());
    CHECK_FALSE(f.source.tick(f.sink, kMaxTimeNs + 1).ok());
    CHECK(f.sent(id, kMaxTimeNs, "a").ok());
  }

  TEST_CASE("no bytes are an error and change nothing") {
    Fixture f;
    const uint64_t id = f.open(curl());
    check_error(f.sent(id, 101, ""), QTAP_ERR_INVALID, "feed: no bytes; give at least one");
    check_error(f.source.gap(f.sink, id, Direction::kSent, 0), QTAP_ERR_INVALID,
                "feed: no bytes; give at least one");
    // Neither the time nor the position has moved.
    f.sink.records.clear();
    CHECK(f.sent(id, 100, "a").ok());
    REQUIRE(f.sink.records.size() == 1);
    CHECK(f.sink.records[0].time_ns == 100);
    CHECK(f.sink.records[0].offset == 0);
  }

  TEST_CASE("too many open connections are refused until one closes") {
    Fixture f;
    f.open(curl());
    const uint64_t second = f.open(curl());
    f.open(curl());
    const size_t before = f.sink.records.size();
    const Result<uint64_t> refused = f.source.open(f.sink, curl(), 100);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().status == QTAP_ERR_LIMIT);
    CHECK(refused.error().text == "feed: 3 connections are open; close some before opening more");
    CHECK(f.sink.records.size() == before);
    REQUIRE(f.source.close(f.sink, second, 100).ok());
    CHECK(f.open(curl()) == 4);
  }

  TEST_CASE("a peer that a record cannot hold is an error") {
    Fixture f;
    FeedPeer peer = curl();
    SUBCASE("a long text") {
      peer.exe.assign(kMaxText + 1, 'x');
    }
    SUBCASE("addresses of two families") {
      peer.local.family = AF_INET6;
    }
    const Result<uint64_t> id = f.source.open(f.sink, peer, 100);
    REQUIRE_FALSE(id.ok());
    CHECK(id.error().status == QTAP_ERR_INVALID);
    CHECK(f.sink.records.empty());
  }

  TEST_CASE("ticks carry their time, which never goes back") {
    Fixture f;
    REQUIRE(f.source.tick(f.sink, 5).ok());
    CHECK(f.last().type == kTick);
    CHECK(f.last().time_ns == 5);
    REQUIRE(f.source.tick(f.sink, 5).ok());
    check_error(f.source.tick(f.sink, 4), QTAP_ERR_INVALID,
                "feed: the time goes back from 5 to 4 ns");
  }

  TEST_CASE("a sink that asks to stop still gets the rest of the call") {
    Fixture f;
    const uint64_t id = f.open(curl());
    f.sink.stop_after = f.sink.records.size() + 1;
    REQUIRE(f.sent(id, 101, std::string(QTAP_DATA_MAX + 1, 'x')).ok());
    CHECK(f.sink.payload.back().size() == 1);
  }

  TEST_CASE("every record of the feed can be recorded") {
    class Recoding final : public RecordSink {
     public:
      bool on_record(const Record& record) override {
        std::vector<uint8_t> bytes;
        encode_record(record, bytes);
        const Result<Record> decoded = decode_record(bytes);
        REQUIRE_MESSAGE(decoded.ok(), decoded.error().text);
        CHECK(same(record, *decoded));
        ++count;
        return true;
      }
      int count = 0;
    } sink;
    FeedSource source(Origin{});
    for (const bool tls : {false, true}) {
      FeedPeer peer = curl();
      peer.tls = tls;
      const Result<uint64_t> id = source.open(sink, peer, 1);
      REQUIRE(id.ok());
      CHECK(source.data(sink, *id, Direction::kSent, 2, bytes_of("abc")).ok());
      CHECK(source.gap(sink, *id, Direction::kReceived, uint64_t{1} << 40).ok());
      CHECK(source.close(sink, *id, 3).ok());
    }
    CHECK(source.tick(sink, 4).ok());
    CHECK(sink.count == 13);
  }

  TEST_CASE("as a source it delivers nothing by itself and has no end") {
    FeedSource source(Origin{.boot_to_unix_ns = 0, .id_seed = 9, .hostname = "h", .instance = "i"});
    Collector sink;
    CHECK(source.start().ok());
    CHECK(*source.poll(sink, 10) == 0);
    CHECK(source.fd() == -1);
    CHECK_FALSE(source.exhausted());
    CHECK(source.origin().id_seed == 9);
  }
}
