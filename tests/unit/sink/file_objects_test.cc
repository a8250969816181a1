// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "sink/builtin.h"
#include "support/make.h"
#include "support/small_disk.h"

using namespace qtap;
using test::make_object;
namespace fs = std::filesystem;

namespace {

struct TempDir {
  TempDir() {
    char name[] = "/tmp/qtap-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempDir() { fs::remove_all(path); }
  std::string path;
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

size_t files_in(const std::string& dir) {
  size_t n = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir))
    n += entry.is_regular_file() ? 1u : 0u;
  return n;
}

}  // namespace

TEST_SUITE("sink/file_objects") {
  TEST_CASE("an object becomes a file that is named by its digest") {
    const TempDir dir;
    auto sink = sink::make_file_objects("f", dir.path + "/deep/er");
    REQUIRE(sink.ok());
    const auto object = make_object("hello");
    REQUIRE((*sink)->put_object(object).ok());
    const std::string url = (*sink)->locate(*object);
    REQUIRE(url == "file://" + dir.path + "/deep/er/" + object->digest.substr(0, 2) + "/" +
                       object->digest);
    CHECK(content(url.substr(7)) == "hello");
    struct stat info = {};
    REQUIRE(::stat(url.substr(7).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }

  TEST_CASE("equal bytes are one file") {
    const TempDir dir;
    auto sink = sink::make_file_objects("f", dir.path);
    REQUIRE(sink.ok());
    for (int i = 0; i < 1000; ++i) REQUIRE((*sink)->put_object(make_object("same")).ok());
    CHECK(files_in(dir.path) == 1);
  }

  TEST_CASE("a directory whose name a file has is refused, with both said") {
    const TempDir dir;
    std::ofstream(dir.path + "/taken") << "x";
    const auto sink = sink::make_file_objects("f", dir.path + "/taken");
    REQUIRE_FALSE(sink.ok());
    CHECK(sink.error().status == QTAP_ERR_IO);
    CHECK(sink.error().text == "make directory " + dir.path + "/taken: a file has this name");
  }

  TEST_CASE("an object that cannot be written leaves nothing behind and says why") {
    const TempDir dir;
    auto sink = sink::make_file_objects("f", dir.path);
    REQUIRE(sink.ok());
    const auto object = make_object("secret bytes");
    std::ofstream(dir.path + "/" + object->digest.substr(0, 2)) << "in the way";
    const Status status = (*sink)->put_object(object);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().text.find("secret") == std::string::npos);
    CHECK(status.error().text.starts_with("create object file " + dir.path));
    CHECK(status.error().text.ends_with(": Not a directory"));
    CHECK(files_in(dir.path) == 1);
  }

  TEST_CASE("a file of that name with other content is replaced, a whole one is left alone") {
    const TempDir dir;
    auto sink = sink::make_file_objects("f", dir.path);
    REQUIRE(sink.ok());
    const auto object = make_object("hello");
    const std::string path = (*sink)->locate(*object).substr(7);
    fs::create_directory(fs::path(path).parent_path());
    std::ofstream(path) << "cut";
    REQUIRE((*sink)->put_object(object).ok());
    CHECK(content(path) == "hello");
    const auto written = fs::last_write_time(path);
    REQUIRE((*sink)->put_object(object).ok());
    CHECK(fs::last_write_time(path) == written);
  }

  TEST_CASE("several sessions may write the same objects into one directory") {
    const TempDir dir;
    std::vector<std::thread> threads;
    std::atomic<int> failures{0};
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        auto sink = sink::make_file_objects("f", dir.path);
        for (int i = 0; i < 50; ++i) {
          const auto object = make_object(std::string(20'000, 'x') + std::to_string(i));
          if (!sink.ok() || !(*sink)->put_object(object).ok()) ++failures;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(failures == 0);
    CHECK(files_in(dir.path) == 50);  // and nothing that was written aside
  }

  TEST_CASE("folders are for their owner only") {
    const TempDir dir;
    auto sink = sink::make_file_objects("f", dir.path + "/new");
    REQUIRE(sink.ok());
    const auto object = make_object("hello");
    REQUIRE((*sink)->put_object(object).ok());
    for (const std::string& folder :
         {dir.path + "/new", dir.path + "/new/" + object->digest.substr(0, 2)}) {
      struct stat info = {};
      REQUIRE(::stat(folder.c_str(), &info) == 0);
      CHECK((info.st_mode & 0777) == 0700);
    }
  }

  TEST_CASE("a disk that is full or read-only is told, with what to do, and keeps nothing half") {
    const TempDir dir;
    const test::SmallDisk disk(dir.path, "size=16k");
    if (!disk.ok()) return;  // needs root
    auto sink = sink::make_file_objects("f", dir.path);
    REQUIRE(sink.ok());
    const auto object = make_object(std::string(1 << 20, 's'));
    const Status full = (*sink)->put_object(object);
    REQUIRE_FALSE(full.ok());
    CHECK(full.error().text == "write object file " + (*sink)->locate(*object).substr(7) +
                                   ": No space left on device; free space there or choose "
                                   "another directory");
    CHECK(files_in(dir.path) == 0);

    REQUIRE(::mount("", dir.path.c_str(), "", MS_REMOUNT | MS_RDONLY, "") == 0);
    const Status read_only = (*sink)->put_object(make_object("x"));
    REQUIRE_FALSE(read_only.ok());
    CHECK(read_only.error().text.ends_with(
        ": Read-only file system; choose a directory that can be written to"));
    CHECK(sink::make_file_objects("f", dir.path).error().text ==
          "write to object directory " + dir.path +
              ": Read-only file system; choose a directory that can be written to");
  }
}
