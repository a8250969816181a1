// SPDX-License-Identifier: Apache-2.0
#include "source/replay.h"

#include "helpers.h"
#include "source/record_encode.h"
#include "source/record_layout.h"

using namespace qtap;
using namespace qtap::source;
using namespace qtap::source::test;

namespace {

const Origin kOrigin = {.boot_to_unix_ns = 3, .id_seed = 4, .hostname = "host", .instance = "run"};

std::string frame_of_record(const Record& record) {
  std::vector<uint8_t> bytes;
  encode_record(record, bytes);
  return frame_of(bytes);
}

std::unique_ptr<Source> opened(const std::string& path) {
  Result<std::unique_ptr<Source>> source = ReplaySource::open(path);
  REQUIRE_MESSAGE(source.ok(), source.error().text);
  REQUIRE((*source)->start().ok());
  return *std::move(source);
}

// Everything until the end or the first error, which is returned.
Status replay(Source& source, Collector& to) {
  for (;;) {
    Result<int> n = source.poll(to, 4);
    if (!n.ok()) return std::move(n).error();
    if (*n == 0) return {};
  }
}

Error open_error(const std::string& path) {
  const Result<std::unique_ptr<Source>> source = ReplaySource::open(path);
  REQUIRE_FALSE(source.ok());
  CHECK(contains(source.error().text, path));
  CHECK_FALSE(contains(source.error().text, "\n"));
  return source.error();
}

}  // namespace

TEST_SUITE("source/replay") {
  TEST_CASE("a recording gives its origin and its records back, then ends") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const std::vector<Record> records = one_of_each();
    std::string content = head_of(kOrigin);
    for (const Record& record : records) content += frame_of_record(record);
    write_file(path, content);

    const auto source = opened(path);
    CHECK(source->fd() == -1);
    CHECK(source->origin().hostname == "host");
    CHECK(source->origin().instance == "run");
    CHECK(source->origin().id_seed == 4);
    CHECK(source->origin().boot_to_unix_ns == 3);
    CHECK(source->attached() == std::vector<std::string>{"recording: " + path});

    class Comparing final : public RecordSink {
     public:
      explicit Comparing(const std::vector<Record>& expected) : expected_(expected) {}
      bool on_record(const Record& record) override {
        REQUIRE(next < expected_.size());
        CHECK(same(record, expected_[next++]));
        return true;
      }
      size_t next = 0;

     private:
      const std::vector<Record>& expected_;
    } sink(records);
    Result<int> n = source->poll(sink, 1000);
    REQUIRE(n.ok());
    CHECK(*n == static_cast<int>(records.size()));
    CHECK(sink.next == records.size());
    n = source->poll(sink, 1000);
    REQUIRE(n.ok());
    CHECK(*n == 0);
    CHECK(source->exhausted());
  }

  TEST_CASE("one poll delivers at most what was asked for, or until the sink has enough") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    std::string content = head_of(kOrigin);
    for (uint64_t t = 1; t <= 5; ++t) content += frame_of_record(tick_at(t));
    write_file(path, content);
    const auto source = opened(path);
    Collector sink;
    sink.stop_after = 3;
    CHECK(*source->poll(sink, 0) == 0);
    CHECK(*source->poll(sink, 2) == 2);
    CHECK(*source->poll(sink, 2) == 1);
    CHECK(*source->poll(sink, 2) == 2);
    CHECK_FALSE(source->exhausted());
    CHECK(*source->poll(sink, 2) == 0);
    CHECK(source->exhausted());
    REQUIRE(sink.records.size() == 5);
    for (uint64_t t = 1; t <= 5; ++t) CHECK(sink.records[t - 1].time_ns == t);
  }

  TEST_CASE("nothing comes after stop") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    write_file(path, head_of(kOrigin) + frame_of_record(tick_at(1)));
    const auto source = opened(path);
    source->stop();
    Collector sink;
    CHECK(*source->poll(sink, 10) == 0);
    CHECK(source->exhausted());
  }

  TEST_CASE("records that are larger than the buffer together come through whole") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    std::string content = head_of(kOrigin);
    std::string expected;
    for (int i = 0; i < 100; ++i) {
      const std::string payload(static_cast<size_t>(16384 - i * 7),
                                static_cast<char>('a' + i % 26));
      Record data;
      data.type = RecordType::kData;
      data.offset = expected.size();
      data.full_len = payload.size();
      data.bytes = bytes_of(payload);
      content += frame_of_record(data);
      expected += payload;
    }
    REQUIRE(content.size() > 1'000'000);
    write_file(path, content);
    Collector sink;
    const auto source = opened(path);
    REQUIRE(replay(*source, sink).ok());
    std::string got;
    for (const std::string& payload : sink.payload) got += payload;
    CHECK(got == expected);
  }

  TEST_CASE("a file that cannot be read, is empty or is something else is one clear error") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    CHECK(open_error(path).text == "open recording " + path + ": No such file or directory");
    CHECK(open_error(path).status == QTAP_ERR_IO);
    CHECK(open_error(dir.path()).text ==
          "read recording " + dir.path() + ": Is a directory at byte 0");
    CHECK(open_error(dir.path()).status == QTAP_ERR_IO);
    write_file(path, "");
    CHECK(open_error(path).text ==
          "read recording " + path + ": the file is empty, not a recording at byte 0");
    write_file(path, "hello, world, this is not a recording but long enough to be one of them");
    CHECK(open_error(path).text ==
          "read recording " + path + ": not a recording, no QTAPREC mark at byte 0");
    CHECK(open_error(path).status == QTAP_ERR_CORRUPT);
  }

  TEST_CASE("a recording without records is valid") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    write_file(path, head_of(kOrigin));
    Collector sink;
    const auto source = opened(path);
    CHECK(*source->poll(sink, 10) == 0);
    CHECK(source->exhausted());
  }

  TEST_CASE("wherever a recording is cut, whole records before the cut come and the rest is told") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const std::string head = head_of(kOrigin);
    const std::string frame = frame_of_record(tick_at(1));
    const std::string content = head + frame + frame + frame;
    for (size_t len = head.size(); len <= content.size(); ++len) {
      CAPTURE(len);
      write_file(path, content.substr(0, len));
      Collector sink;
      const auto source = opened(path);
      const Status status = replay(*source, sink);
      CHECK(sink.records.size() == (len - head.size()) / frame.size());
      CHECK(source->exhausted());
      CHECK(status.ok() == ((len - head.size()) % frame.size() == 0));
      if (status.ok()) continue;
      CHECK(status.error().status == QTAP_ERR_CORRUPT);
      CHECK(contains(status.error().text, "read recording " + path + ": the file ends inside a "));
      CHECK(contains(status.error().text, " at byte " + std::to_string(len)));
      CHECK(*source->poll(sink, 10) == 0);
    }
  }

  TEST_CASE("whichever byte of a record changes, reading stops there and says where") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const std::string before = head_of(kOrigin) + frame_of_record(tick_at(1));
    const std::string frame = frame_of_record(tick_at(2));
    for (size_t i = 0; i < frame.size(); ++i) {
      CAPTURE(i);
      std::string damaged = frame;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x11);
      write_file(path, before + damaged + frame_of_record(tick_at(3)));
      Collector sink;
      const auto source = opened(path);
      const Status status = replay(*source, sink);
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().status == QTAP_ERR_CORRUPT);
      CHECK(sink.records.size() == 1);
      CHECK(source->exhausted());
      if (i < sizeof(uint32_t)) continue;  // the size: the file seems to end early
      CHECK(status.error().text == "read recording " + path + ": checksum does not match at byte " +
                                       std::to_string(before.size()));
    }
  }

  TEST_CASE("records before the damage come first, the error comes alone") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    write_file(path, head_of(kOrigin) + frame_of_record(tick_at(1)) + "half");
    const auto source = opened(path);
    Collector sink;
    const Result<int> n = source->poll(sink, 10);
    REQUIRE(n.ok());
    CHECK(*n == 1);
    CHECK_FALSE(source->exhausted());
    CHECK_FALSE(source->poll(sink, 10).ok());
    CHECK(source->exhausted());
  }

  TEST_CASE("a frame around something else than one record is an error") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const std::string head = head_of(kOrigin);
    std::vector<uint8_t> record;
    encode_record(tick_at(1), record);
    std::string why;
    SUBCASE("an unknown type") {
      record[4] = 99;
      why = "decode a record: unknown type 99";
    }
    SUBCASE("two records") {
      const std::vector<uint8_t> one = record;
      record.insert(record.end(), one.begin(), one.end());
      why = "a record and its frame differ in size";
    }
    SUBCASE("less than a header") {
      record.resize(47);
      why = "impossible record size 47";
    }
    SUBCASE("more than any record") {
      record.resize(kMaxRecordBytes + 1);
      why = "impossible record size " + std::to_string(kMaxRecordBytes + 1);
    }
    write_file(path, head + frame_of(record));
    Collector sink;
    const auto source = opened(path);
    const Status status = replay(*source, sink);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().text ==
          "read recording " + path + ": " + why + " at byte " + std::to_string(head.size()));
  }
}
