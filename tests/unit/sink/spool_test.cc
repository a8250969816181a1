// SPDX-License-Identifier: Apache-2.0
#include "sink/spool.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "model/event_json.h"
#include "support/file_size_limit.h"
#include "support/make.h"

using namespace qtap;
using sink::Spool;
using sink::spool_data;

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kRoom = 64u << 20;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "qtap-spool-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  std::string spool() const { return (path_ / "a" / "spool").string(); }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(spool())) {
      if (entry.path().extension() == ".spool") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  fs::path path_;
};

std::unique_ptr<Spool> open(const Folder& folder, uint64_t max_bytes = kRoom) {
  auto spool = Spool::open(folder.spool(), max_bytes);
  REQUIRE(spool.ok());
  return *std::move(spool);
}

std::string read_all(Spool& spool, bool ends = true) {
  std::string all;
  while (!spool.is_empty()) {
    const auto waiting = spool.next(3, 1u << 20);
    if (waiting.empty()) break;
    for (const auto& one : waiting) {
      all += spool_data(one.item);
      if (ends) CHECK(spool.done(one.id));
    }
    if (!ends) break;
  }
  return all;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void write_bytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_SUITE("sink/spool") {
  TEST_CASE("an event and an object come back as they were, also to another process") {
    Folder folder;
    const Ref<Object> object = test::make_object(std::string("body \0 of it", 12));
    auto event = Ref<Event>::make();
    event->type = "request";
    event->json = R"({"eventType":"request"})";
    event->connection_id = "c1";
    event->request_id = "r1";
    event->time_ns = -5;
    {
      auto spool = open(folder);
      REQUIRE(spool->put(event).ok());
      REQUIRE(spool->put(object).ok());
    }
    auto spool = open(folder);
    CHECK(spool->counters().found == 2);
    auto waiting = spool->next(10, kRoom);
    REQUIRE(waiting.size() == 1);  // of one kind
    const auto& read = std::get<Ref<Event>>(waiting[0].item);
    CHECK(read->json == event->json);
    CHECK(read->type == "request");
    CHECK(read->connection_id == "c1");
    CHECK(read->request_id == "r1");
    CHECK(read->time_ns == -5);
    CHECK(spool->done(waiting[0].id));
    waiting = spool->next(10, kRoom);
    REQUIRE(waiting.size() == 1);
    const auto& again = std::get<Ref<Object>>(waiting[0].item);
    CHECK(again->data == object->data);
    CHECK(again->digest == object->digest);
    CHECK(again->content_type == object->content_type);
    CHECK(again->type == object->type);
    for (const char* error : {"", "refused"}) {
      const Ref<Event> record = make_artifact_event(*again, again->digest, "s", "url", error);
      const Ref<Event> first = make_artifact_event(*object, object->digest, "s", "url", error);
      CHECK(record->json == first->json);
      CHECK(record->connection_id == first->connection_id);
      CHECK(record->request_id == first->request_id);
      CHECK(record->time_ns == first->time_ns);
    }
    CHECK(spool->done(waiting[0].id));
    CHECK(spool->is_empty());
    CHECK(folder.files().empty());
  }

  TEST_CASE("files with other names are not ours") {
    Folder folder;
    { open(folder); }
    write_bytes(folder.spool() + "/42.spool", "x");
    auto spool = open(folder);
    CHECK(spool->is_empty());
    CHECK(bytes_of(folder.spool() + "/42.spool") == "x");
  }

  TEST_CASE("nobody else may read it") {
    Folder folder;
    auto spool = open(folder);
    REQUIRE(spool->put(test::make_event("x")).ok());
    struct stat info = {};
    REQUIRE(::stat(folder.spool().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    REQUIRE(::stat(folder.files().at(0).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }

  TEST_CASE("one process at a time") {
    Folder folder;
    auto spool = open(folder);
    const auto second = Spool::open(folder.spool(), kRoom);
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().status == QTAP_ERR_STATE);
    CHECK(message_of(second.error()) == "QT221: use spool " + folder.spool() +
                                            ": another process has it; give each its own "
                                            "spool.dir");
  }

  TEST_CASE("what is not done comes again, after all others") {
    Folder folder;
    auto spool = open(folder);
    for (const char* text : {"a", "b", "c", "d"}) REQUIRE(spool->put(test::make_event(text)).ok());
    CHECK(read_all(*spool, false) == "abc");
    const auto last = spool->next(3, kRoom);
    REQUIRE(last.size() == 3);
    CHECK(spool_data(last[0].item) == "d");
    CHECK(spool_data(last[1].item) == "a");
    CHECK(spool->done(last[0].id));
    CHECK(spool->done(last[1].id));
    CHECK(read_all(*spool) == "cb");
    CHECK(spool->counters().waiting == 0);
    CHECK(spool->counters().bytes == 0);
  }

  TEST_CASE("what is read at once is bounded in bytes, but one always comes") {
    Folder folder;
    auto spool = open(folder);
    for (const char c : {'a', 'b', 'c'}) {
      REQUIRE(spool->put(test::make_event(std::string(1000, c))).ok());
    }
    CHECK(spool->next(3, 10).size() == 1);
    CHECK(spool->next(3, 2500).size() == 2);
  }

  TEST_CASE("beyond the bound the oldest file goes, and is counted") {
    Folder folder;
    constexpr uint64_t kBound = 1u << 20;
    auto spool = open(folder, kBound);
    const std::string text(10'000, 'x');
    for (int i = 0; i < 300; ++i) REQUIRE(spool->put(test::make_event(text)).ok());
    const auto& counters = spool->counters();
    CHECK(counters.bytes <= kBound);
    CHECK(counters.dropped_full > 150);
    CHECK(counters.waiting > 80);
    CHECK(counters.waiting + counters.dropped_full == 300);
    uint64_t on_disk = 0;
    for (const auto& file : folder.files()) on_disk += fs::file_size(file);
    CHECK(on_disk == counters.bytes);
    const Status refused = spool->put(test::make_event(std::string(2u << 20, 'x')));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().status == QTAP_ERR_LIMIT);
  }

  TEST_CASE("what went with the oldest is not done afterwards") {
    Folder folder;
    auto spool = open(folder, 1u << 20);
    const std::string text(100'000, 'x');
    REQUIRE(spool->put(test::make_event(text)).ok());
    const auto first = spool->next(1, kRoom);
    for (int i = 0; i < 20; ++i) REQUIRE(spool->put(test::make_event(text)).ok());
    CHECK_FALSE(spool->done(first.at(0).id));
    CHECK(spool->counters().waiting + spool->counters().dropped_full == 21);
  }

  TEST_CASE("a full disk: the item is refused, and the others stay whole") {
    Folder folder;
    auto spool = open(folder);
    REQUIRE(spool->put(test::make_event("a")).ok());
    {
      const test::FileSizeLimit limit(2000);
      const Status full = spool->put(test::make_event(std::string(5000, 'x')));
      REQUIRE_FALSE(full.ok());
      CHECK(full.error().status == QTAP_ERR_IO);
      REQUIRE(spool->put(test::make_event("b")).ok());
    }
    REQUIRE(spool->put(test::make_event("c")).ok());
    CHECK(read_all(*spool) == "abc");
    CHECK(spool->counters().dropped_corrupt == 0);
  }

  TEST_CASE("a record that a crash cut is left out, at every length") {
    Folder folder;
    std::string whole;
    {
      auto spool = open(folder);
      for (const char* text : {"first", "second"}) {
        REQUIRE(spool->put(test::make_event(text)).ok());
      }
      whole = bytes_of(folder.files().at(0));
    }
    const size_t record = whole.size() / 2;
    const fs::path file = folder.files().at(0);
    for (size_t length = record; length < whole.size(); ++length) {
      write_bytes(file, whole.substr(0, length));
      auto spool = open(folder);
      CAPTURE(length);
      CHECK(spool->counters().found == (length > record ? 2 : 1));  // what was cut counts
      CHECK(spool->counters().dropped_corrupt == (length > record ? 1 : 0));
      const auto waiting = spool->next(9, kRoom);
      REQUIRE(waiting.size() == 1);
      CHECK(spool_data(waiting[0].item) == "first");
      REQUIRE(spool->put(test::make_event("third")).ok());
      CHECK(spool->next(9, kRoom).size() == 2);
      for (const auto& path : folder.files()) {
        if (path != file) fs::remove(path);
      }
    }
  }

  TEST_CASE("what is written over a damaged place does not meet what was behind it") {
    Folder folder;
    {
      auto spool = open(folder);
      for (const char* text : {"1111", "2222", "3333"}) {
        REQUIRE(spool->put(test::make_event(text)).ok());
      }
    }
    const fs::path file = folder.files().at(0);
    std::string bytes = bytes_of(file);
    bytes[bytes.size() / 3] = 'x';  // the first byte of the second
    write_bytes(file, bytes);
    {
      auto spool = open(folder);
      REQUIRE(spool->put(test::make_event("4444")).ok());
    }
    auto spool = open(folder);
    CHECK(spool->counters().dropped_corrupt == 0);
    CHECK(read_all(*spool) == "11114444");
  }

  TEST_CASE("a file of another version is left alone") {
    Folder folder;
    {
      auto spool = open(folder);
      REQUIRE(spool->put(test::make_event("x")).ok());
    }
    const fs::path file = folder.files().at(0);
    std::string bytes = bytes_of(file);
    bytes[3] = '2';
    write_bytes(file, bytes);
    const auto refused = Spool::open(folder.spool(), kRoom);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().status == QTAP_ERR_UNSUPPORTED);
    CHECK(bytes_of(file) == bytes);
  }

  TEST_CASE("bytes that changed are found, whichever they are") {
    Folder folder;
    std::string whole;
    {
      auto spool = open(folder);
      for (const char* text : {"1111", "2222", "3333"}) {
        REQUIRE(spool->put(test::make_event(text)).ok());
      }
      whole = bytes_of(folder.files().at(0));
    }
    const fs::path file = folder.files().at(0);
    const size_t record = whole.size() / 3;
    for (size_t at = record; at < 2 * record; ++at) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 0x40);
      write_bytes(file, changed);
      CAPTURE(at);
      auto spool = open(folder);
      const std::string all = read_all(*spool);
      CHECK(all.substr(0, 4) == "1111");
      CHECK(all.find("2222") == std::string::npos);
      for (const char c : all) CHECK((c == '1' || c == '3'));
      CHECK(spool->counters().dropped_corrupt > 0);
      CHECK(spool->is_empty());
    }
  }

  TEST_CASE("an item that changes under us is dropped and counted, and no more") {
    Folder folder;
    auto spool = open(folder);
    for (const char* text : {"1111", "2222", "3333"}) {
      REQUIRE(spool->put(test::make_event(text)).ok());
    }
    const fs::path file = folder.files().at(0);
    std::string whole = bytes_of(file);
    whole.replace(whole.find("2222"), 4, "2322");
    {
      std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
      out << whole;
    }
    CHECK(read_all(*spool) == "11113333");
    CHECK(spool->counters().dropped_corrupt == 1);
    CHECK(spool->is_empty());
  }
}
