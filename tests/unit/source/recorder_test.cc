// SPDX-License-Identifier: Apache-2.0
#include "source/recorder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <iterator>

#include "helpers.h"
#include "source/record_encode.h"
#include "source/replay.h"

using namespace qtap;
using namespace qtap::source;
using namespace qtap::source::test;

namespace {

const Origin kOrigin = {.boot_to_unix_ns = 3, .id_seed = 4, .hostname = "host", .instance = "run"};

std::unique_ptr<Recorder> created(const std::string& path) {
  Result<std::unique_ptr<Recorder>> recorder = Recorder::create(path, kOrigin);
  REQUIRE_MESSAGE(recorder.ok(), recorder.error().text);
  return *std::move(recorder);
}

Collector replayed(const std::string& path) {
  Collector sink;
  Result<std::unique_ptr<Source>> source = ReplaySource::open(path);
  REQUIRE_MESSAGE(source.ok(), source.error().text);
  for (;;) {
    const Result<int> n = (*source)->poll(sink, 1000);
    REQUIRE_MESSAGE(n.ok(), n.error().text);
    if (*n == 0) return sink;
  }
}

Record data_of(std::string_view payload, uint64_t offset) {
  Record data;
  data.type = RecordType::kData;
  data.offset = offset;
  data.full_len = payload.size();
  data.bytes = bytes_of(payload);
  return data;
}

// Writing past `bytes` of a file fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_) == 0);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_ = {};
  void (*old_handler_)(int) = SIG_DFL;
};

}  // namespace

TEST_SUITE("source/recorder") {
  TEST_CASE("what is appended is what a replay gives, to the byte") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    std::string expected = head_of(kOrigin);
    const auto recorder = created(path);
    std::vector<uint8_t> bytes;
    for (const Record& record : one_of_each()) {
      REQUIRE(recorder->append(record).ok());
      encode_record(record, bytes);
      expected += frame_of(bytes);
    }
    REQUIRE(recorder->close().ok());
    CHECK(recorder->records_lost() == 0);
    CHECK(read_file(path) == expected);
    CHECK(replayed(path).records.size() == one_of_each().size());
  }

  TEST_CASE("closing twice is fine, appending after that is not") {
    TempDir dir;
    const auto recorder = created(dir.file("a.qrec"));
    CHECK(recorder->close().ok());
    CHECK(recorder->close().ok());
    const Status status = recorder->append(tick_at(1));
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().status == QTAP_ERR_STATE);
  }

  TEST_CASE("a recorder that is thrown away has written everything") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    REQUIRE(created(path)->append(data_of("bytes", 0)).ok());
    CHECK(replayed(path).payload == std::vector<std::string>{"bytes"});
  }

  TEST_CASE("a tick writes out what is buffered") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const auto recorder = created(path);
    REQUIRE(recorder->append(data_of("bytes", 0)).ok());
    CHECK(replayed(path).records.empty());
    REQUIRE(recorder->append(tick_at(1)).ok());
    CHECK(replayed(path).records.size() == 2);
  }

  TEST_CASE("only the owner can read a recording, also when a file of that name was there") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    SUBCASE("new") {}
    SUBCASE("replaced") {
      write_file(path, "readable by all, and longer than a head of a recording is, much longer");
      REQUIRE(::chmod(path.c_str(), 0644) == 0);
    }
    created(path);
    struct stat info = {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(read_file(path) == head_of(kOrigin));
  }

  TEST_CASE("recording over the recording that is being replayed harms nobody") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    REQUIRE(created(path)->append(data_of("old", 0)).ok());
    Result<std::unique_ptr<Source>> source = ReplaySource::open(path);
    REQUIRE(source.ok());
    const auto recorder = created(path);
    Collector sink;
    CHECK(*(*source)->poll(sink, 10) == 1);
    CHECK(sink.payload == std::vector<std::string>{"old"});
  }

  TEST_CASE("a recording that cannot be begun leaves the one that is there") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    REQUIRE(created(path)->append(data_of("old", 0)).ok());
    {
      const FileSizeLimit full(4);
      CHECK_FALSE(Recorder::create(path, kOrigin).ok());
    }
    CHECK(replayed(path).payload == std::vector<std::string>{"old"});
    const auto files = std::filesystem::directory_iterator(dir.path());
    CHECK(std::distance(begin(files), end(files)) == 1);
  }

  TEST_CASE("what cannot be created is one clear error") {
    TempDir dir;
    Result<std::unique_ptr<Recorder>> recorder = Recorder::create("/nowhere/a.qrec", kOrigin);
    REQUIRE_FALSE(recorder.ok());
    CHECK(recorder.error().status == QTAP_ERR_IO);
    CHECK(recorder.error().text == "create recording /nowhere/a.qrec: No such file or directory");

    recorder = Recorder::create(dir.path(), kOrigin);
    REQUIRE_FALSE(recorder.ok());
    CHECK(recorder.error().status == QTAP_ERR_INVALID);
    CHECK(contains(recorder.error().text, "it exists and is not a regular file"));

    const std::string link = dir.file("link.qrec");
    REQUIRE(::symlink("/dev/null", link.c_str()) == 0);
    CHECK_FALSE(Recorder::create(link, kOrigin).ok());
  }

  TEST_CASE("a full disk costs the records it has no room for, and the recording says so") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const auto recorder = created(path);
    const std::string payload(QTAP_DATA_MAX, 'p');
    REQUIRE(recorder->append(data_of("before", 0)).ok());
    REQUIRE(recorder->append(tick_at(1)).ok());
    {
      const FileSizeLimit full(100'000);
      Status failure;
      uint64_t offset = 6;
      uint64_t appended = 0;
      while (failure.ok() && appended < 100) {
        failure = recorder->append(data_of(payload, offset));
        offset += payload.size();
        ++appended;
      }
      REQUIRE_FALSE(failure.ok());
      CHECK(failure.error().status == QTAP_ERR_IO);
      CHECK(failure.error().text == "write recording " + path + ": File too large; " +
                                        std::to_string(appended) +
                                        " records are missing in it so far");
      CHECK(recorder->records_lost() == appended);
      CHECK(replayed(path).records.size() == 2);  // no half frame
    }
    const uint64_t lost = recorder->records_lost();
    Record losses;
    losses.type = RecordType::kLoss;
    losses.lost_records[kLossRingFull] = 9;
    REQUIRE(recorder->append(data_of("after", 500)).ok());
    REQUIRE(recorder->append(losses).ok());
    REQUIRE(recorder->close().ok());
    CHECK(recorder->records_lost() == lost);

    const Collector all = replayed(path);
    REQUIRE(all.types() == std::vector<RecordType>{RecordType::kData, RecordType::kTick,
                                                   RecordType::kLoss, RecordType::kData,
                                                   RecordType::kLoss});
    CHECK(all.payload[3] == "after");
    CHECK(all.records[2].lost_records[kLossRecording] == lost);
    CHECK(all.records[4].lost_records[kLossRecording] == lost);
    CHECK(all.records[4].lost_records[kLossRingFull] == 9);
  }

  TEST_CASE("records that are lost at the very end are told when the file closes") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const auto recorder = created(path);
    {
      const FileSizeLimit full(100);
      CHECK_FALSE(recorder->append(tick_at(1)).ok());
    }
    CHECK(recorder->close().ok());
    const Collector all = replayed(path);
    REQUIRE(all.types() == std::vector<RecordType>{RecordType::kLoss});
    CHECK(all.records[0].lost_records[kLossRecording] == 1);
  }

  TEST_CASE("a disk that is full when the file closes is an error of close") {
    TempDir dir;
    const std::string path = dir.file("a.qrec");
    const auto recorder = created(path);
    REQUIRE(recorder->append(data_of("bytes", 0)).ok());
    const FileSizeLimit full(100);
    const Status status = recorder->close();
    REQUIRE_FALSE(status.ok());
    CHECK(contains(status.error().text, "1 records are missing"));
    CHECK(recorder->records_lost() == 1);
    CHECK(replayed(path).records.empty());
  }
}
