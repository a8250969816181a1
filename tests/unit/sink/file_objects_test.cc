// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "sink/builtin.h"
#include "support/make.h"

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
    CHECK(status.error().text.starts_with("make directory " + dir.path));
    CHECK(files_in(dir.path) == 1);
  }
}
