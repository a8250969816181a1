// SPDX-License-Identifier: Apache-2.0
#include "sink/file_limits.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "sink/builtin.h"
#include "support/make.h"

using namespace qtap;
using sink::FileLimits;
namespace fs = std::filesystem;

namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct Folder {
  Folder() {
    char name[] = "/tmp/qtap-limits-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }

  // As old as 1970 plus that.
  void put(const std::string& name, size_t size, int64_t seconds) const {
    const std::string file = path + "/" + name;
    fs::create_directories(fs::path(file).parent_path());
    std::ofstream(file) << std::string(size, 'x');
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    ::utimensat(AT_FDCWD, file.c_str(), times, 0);
  }
  bool has(const std::string& name) const { return fs::exists(path + "/" + name); }

  std::string path;
};

std::string object(const std::string& folder, char last, size_t digits = 64) {
  return folder + "/" + folder + std::string(digits - 3, '0') + last;
}

}  // namespace

TEST_SUITE("sink/file_limits") {
  TEST_CASE("the oldest go until the rest fits, those of an earlier run too") {
    const Folder folder;
    folder.put(object("aa", '1'), 100, 20);
    folder.put(object("bb", '2', 40), 100, 10);
    FileLimits limits(folder.path, 250, 0);
    limits.scan();
    CHECK(limits.bytes() == 200);
    folder.put(object("cc", '3'), 100, 30);
    limits.add(object("cc", '3'), 100, 30 * kSecond);
    limits.trim(30 * kSecond);
    CHECK_FALSE(folder.has(object("bb", '2', 40)));
    CHECK(folder.has(object("aa", '1')));
    CHECK(folder.has(object("cc", '3')));
    CHECK(limits.removed() == 1);
    CHECK(limits.bytes() == 200);
  }

  TEST_CASE("what is older than it may be goes, what was used again is not old") {
    const Folder folder;
    folder.put(object("aa", '1'), 1, 10);
    folder.put(object("aa", '2'), 1, 10);
    FileLimits limits(folder.path, 0, 60 * kSecond);
    limits.scan();
    limits.add(object("aa", '2'), 1, 50 * kSecond);
    limits.trim(70 * kSecond);
    CHECK(limits.removed() == 0);
    limits.trim(71 * kSecond);
    CHECK_FALSE(folder.has(object("aa", '1')));
    CHECK(folder.has(object("aa", '2')));
  }

  TEST_CASE("nothing is removed that is no object") {
    const Folder folder;
    const Folder elsewhere;
    elsewhere.put(object("ff", '9'), 100, 1);
    const std::string others[] = {"notes.txt",
                                  "aa/notes.txt",
                                  "aa/" + std::string(64, 'b'),    // of another folder
                                  object("aa", '1', 63),           // too short
                                  object("aa", '1') + ".XXXXXX",   // being written
                                  "AA/AA" + std::string(62, '0'),  // not as we write
                                  "bodies/t.request"};
    for (const std::string& name : others) folder.put(name, 100, 1);
    fs::create_directories(folder.path + "/" + object("aa", '4'));
    fs::create_symlink(elsewhere.path + "/" + object("ff", '9'),
                       folder.path + "/" + object("aa", '5'));
    fs::create_directory_symlink(elsewhere.path + "/ff", folder.path + "/ff");
    FileLimits limits(folder.path, 1, 1);
    limits.scan();
    CHECK(limits.bytes() == 0);
    limits.trim(1000 * kSecond);
    for (const std::string& name : others) CHECK(folder.has(name));
    CHECK(elsewhere.has(object("ff", '9')));
    CHECK(folder.has(object("aa", '4')));
  }

  TEST_CASE("a store keeps its limit, and an object that was removed can come again") {
    const Folder folder;
    auto made = sink::make_file_objects("f", folder.path, {.max_bytes = 10});
    REQUIRE(made.ok());
    sink::Sink& store = **made;
    const auto first = test::make_object("12345");
    for (const char* data : {"12345", "abcde", "ABCDE"}) {
      CHECK(store.put_object(test::make_object(data)).ok());
    }
    const auto is_there = [&](const Ref<Object>& object) {
      return fs::exists(store.locate(*object).substr(7));
    };
    CHECK_FALSE(is_there(first));
    CHECK(store.removed() == 1);
    CHECK(store.identity(*first).empty());  // not remembered: it may be gone
    CHECK(store.put_object(first).ok());
    CHECK(is_there(first));
    const Status large = store.put_object(test::make_object("12345678901"));
    REQUIRE_FALSE(large.ok());
    CHECK(large.error().status == QTAP_ERR_LIMIT);
    CHECK(is_there(first));
  }
}
