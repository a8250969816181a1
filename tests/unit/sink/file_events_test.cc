// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sink/builtin.h"
#include "support/file_size_limit.h"
#include "support/make.h"
#include "support/small_disk.h"

using namespace qtap;
using test::make_event;
namespace fs = std::filesystem;

namespace {

struct EventFile {
  EventFile() {
    char name[] = "/tmp/qtap-test-XXXXXX";
    dir = ::mkdtemp(name);
    options.path = dir + "/new/events.jsonl";
  }
  ~EventFile() { fs::remove_all(dir); }

  void open() {
    auto made = sink::make_file_events("f", options);
    REQUIRE(made.ok());
    sink = *std::move(made);
  }
  size_t put(const std::vector<std::string>& texts, Status* told = nullptr) {
    std::vector<Ref<Event>> events;
    for (const std::string& text : texts) events.push_back(make_event(text));
    size_t taken = 0;
    const Status status = sink->put_events(events, taken);
    if (told) *told = status;
    return status.ok() ? texts.size() : taken;
  }
  std::string content(const std::string& more = "") const {
    std::ifstream file(options.path + more, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool has(const std::string& more) const { return fs::exists(options.path + more); }

  std::string dir;
  sink::EventFileOptions options;
  std::unique_ptr<sink::Sink> sink;
};

}  // namespace

TEST_SUITE("sink/file_events") {
  TEST_CASE("events are lines of a file of the owner's") {
    EventFile file;
    file.open();
    CHECK(file.put({"{\"a\":1}", "{\"b\":2}"}) == 2);
    CHECK(file.sink->put_event(make_event("{}")).ok());
    CHECK(file.content() == "{\"a\":1}\n{\"b\":2}\n{}\n");
    struct stat info = {};
    REQUIRE(::stat(file.options.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0600);
    REQUIRE(::stat((file.dir + "/new").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0700);
    CHECK(file.sink->flush(100).ok());
  }

  TEST_CASE("a second start goes on at the end, and ends a line that was cut") {
    EventFile file;
    file.open();
    file.put({"one"});
    std::ofstream(file.options.path, std::ios::app) << "tw";
    file.open();
    file.put({"three"});
    CHECK(file.content() == "one\ntw\nthree\n");
  }

  TEST_CASE("a full file is renamed, the oldest are removed, and no line is in two") {
    EventFile file;
    file.options.rotate_bytes = 10;
    file.options.rotate_keep = 2;
    file.open();
    CHECK(file.put({"aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff", "gggg"}) == 7);
    CHECK(file.content() == "gggg\n");
    CHECK(file.content(".1") == "eeee\nffff\n");
    CHECK(file.content(".2") == "cccc\ndddd\n");
    CHECK_FALSE(file.has(".3"));
    CHECK(file.put({"a line that is longer than a file", "h"}) == 2);
    CHECK(file.content(".1") == "a line that is longer than a file\n");
    CHECK(file.content(".2") == "gggg\n");
    CHECK(file.content() == "h\n");
  }

  TEST_CASE("with nothing to keep a full file is removed") {
    EventFile file;
    file.options.rotate_bytes = 10;
    file.options.rotate_keep = 0;
    file.open();
    CHECK(file.put({"aaaa", "bbbb", "cccc"}) == 3);
    CHECK(file.content() == "cccc\n");
    CHECK_FALSE(file.has(".1"));
  }

  TEST_CASE("an old file is renamed when an event comes") {
    EventFile file;
    file.options.rotate_age_ns = 1;
    file.open();
    file.put({"old"});
    file.put({"new"});
    CHECK(file.content(".1") == "old\n");
    CHECK(file.content() == "new\n");
  }

  TEST_CASE("a file that somebody moved or removed is made again, one that was emptied goes on") {
    EventFile file;
    file.open();
    file.put({"one"});
    fs::rename(file.options.path, file.options.path + ".moved");
    file.put({"two"});
    CHECK(file.content(".moved") == "one\n");
    CHECK(file.content() == "two\n");
    fs::remove(file.options.path);
    file.put({"three"});
    CHECK(file.content() == "three\n");
    fs::resize_file(file.options.path, 0);
    file.put({"four"});
    CHECK(file.content() == "four\n");
  }

  TEST_CASE("a write that ends within a line leaves whole lines, and says how many") {
    EventFile file;
    file.open();
    file.put({"1234"});
    {
      const test::FileSizeLimit limit(12);
      Status told;
      CHECK(file.put({"5678", "9012", "3456"}, &told) == 1);
      REQUIRE_FALSE(told.ok());
      CHECK(told.error().text.starts_with("write event file " + file.options.path + ": "));
      CHECK(file.content() == "1234\n5678\n");
    }
    CHECK(file.put({"9012"}) == 1);
    CHECK(file.content() == "1234\n5678\n9012\n");
  }

  TEST_CASE("a full disk is for later, and nothing is there twice when it has room again") {
    EventFile file;
    const test::SmallDisk disk(file.dir, "size=16k");
    if (!disk.ok()) return;  // needs root
    file.open();
    const std::string long_line(20'000, 'x');
    Status told;
    CHECK(file.put({"one", long_line, "two"}, &told) == 1);
    REQUIRE_FALSE(told.ok());
    CHECK(told.error().status == QTAP_ERR_AGAIN);
    CHECK(told.error().text.ends_with(
        ": No space left on device; free space there or choose another directory"));
    CHECK(file.content() == "one\n");
    CHECK(file.put({"two"}) == 1);
    CHECK(file.content() == "one\ntwo\n");
  }

  TEST_CASE("a device in its place is refused") {
    EventFile file;
    file.open();
    file.put({"x"});
    fs::remove(file.options.path);
    fs::create_symlink("/dev/full", file.options.path);
    CHECK(file.sink->put_event(make_event("x")).error().text ==
          "open event file " + file.options.path + ": it is not a regular file");
  }

  TEST_CASE("what cannot be written to is told at once") {
    EventFile file;
    file.options.path = file.dir;
    CHECK(sink::make_file_events("f", file.options).error().text ==
          "open event file " + file.dir + ": Is a directory");
    file.options.path = "/proc/events.jsonl";
    CHECK_FALSE(sink::make_file_events("f", file.options).ok());
    file.options.path = file.dir + "/pipe";
    REQUIRE(::mkfifo(file.options.path.c_str(), 0600) == 0);
    const Error told = sink::make_file_events("f", file.options).error();
    CHECK(told.text == "open event file " + file.dir + "/pipe: it is not a regular file");
    CHECK(told.id.text() == std::string("QT170"));
  }
}
