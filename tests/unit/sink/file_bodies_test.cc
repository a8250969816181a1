// SPDX-License-Identifier: Apache-2.0
// Bodies in transfer as files beside the objects.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "sink/builtin.h"
#include "sink/file_bodies.h"
#include "sink/store.h"
#include "support/make.h"

using namespace qtap;
namespace fs = std::filesystem;

namespace {

// A file store in a directory of its own, behind an inline Store.
class Bench {
 public:
  explicit Bench(bool bodies = true) {
    char name[] = "/tmp/qtap-test-XXXXXX";
    dir = ::mkdtemp(name);
    auto sink = sink::make_file_objects("file-0", dir + "/objects", {.bodies = bodies});
    REQUIRE(sink.ok());
    sink::StoreOptions options;
    options.has_worker = false;
    store.emplace(*std::move(sink), options, nullptr);
  }
  ~Bench() {
    store.reset();
    fs::remove_all(dir);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  bool put(const std::string& id, MessageKind kind, uint64_t offset, const std::string& data) {
    return store->put(chunk(id, kind, offset, data));
  }
  bool finish(const std::string& id, MessageKind kind, uint64_t length, bool complete = true) {
    auto last = chunk(id, kind, length, "");
    last->last = true;
    last->complete = complete;
    last->length_known = true;
    return store->put(last);
  }
  std::string path(const std::string& name) const { return dir + "/objects/bodies/" + name; }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    if (!file) return "no such file";
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t files() const {
    if (!fs::exists(path(""))) return 0;
    return static_cast<size_t>(std::distance(fs::directory_iterator(path("")), {}));
  }

  std::string dir;
  std::optional<sink::Store> store;

 private:
  static Ref<BodyChunk> chunk(const std::string& id, MessageKind kind, uint64_t offset,
                              const std::string& data) {
    auto made = Ref<BodyChunk>::make();
    made->transaction_id = id;
    made->message = kind;
    made->offset = offset;
    made->data = data;
    return made;
  }
};

constexpr MessageKind kRequest = MessageKind::kRequest;
constexpr MessageKind kResponse = MessageKind::kResponse;

// The disk that keeps nothing of what it took.
int close_over_quota(int fd) {
  ::close(fd);
  errno = EDQUOT;
  return -1;
}

BodyChunk piece_of(const std::string& id, const std::string& data, bool last = false) {
  BodyChunk piece;
  piece.transaction_id = id;
  piece.message = kResponse;
  piece.offset = last ? 2 : 0;
  piece.data = data;
  piece.last = last;
  piece.complete = last;
  return piece;
}

}  // namespace

TEST_SUITE("sink/file_bodies") {
  TEST_CASE("two bodies that come in turn are two files, whole and named when they are over") {
    Bench b;
    CHECK(b.put("t1", kRequest, 0, "ab"));
    CHECK(b.put("t1", kResponse, 0, "12"));
    CHECK(b.content("t1.request.part") == "ab");
    CHECK(b.put("t1", kRequest, 2, "cd"));
    CHECK(b.put("t1", kResponse, 2, "34"));
    CHECK(b.finish("t1", kResponse, 4));
    CHECK(b.content("t1.response") == "1234");
    CHECK(b.finish("t1", kRequest, 4));
    CHECK(b.content("t1.request") == "abcd");
    CHECK(b.files() == 2);
    struct stat info = {};
    REQUIRE(::stat(b.path("t1.request").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    REQUIRE(::stat(b.path("").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
  }

  TEST_CASE("what is missing is a hole, and the name says so") {
    Bench b;
    CHECK(b.put("t1", kResponse, 0, "ab"));
    CHECK(b.put("t1", kResponse, 5, "fg"));
    CHECK(b.finish("t1", kResponse, 9));
    CHECK(b.content("t1.response.truncated") == std::string("ab\0\0\0fg\0\0", 9));
    CHECK(b.files() == 1);
  }

  TEST_CASE("a body that was cut short is not taken for a whole one") {
    Bench b;
    CHECK(b.put("t1", kResponse, 0, "ab"));
    CHECK(b.finish("t1", kResponse, 2, /*complete=*/false));
    CHECK(b.content("t1.response.truncated") == "ab");
  }

  TEST_CASE("a body of which nothing came has no file") {
    Bench b;
    CHECK(b.finish("t1", kResponse, 100));
    CHECK(b.files() == 0);
  }

  TEST_CASE("a file that cannot be made is an error, and the next body is none the worse") {
    Bench b;
    fs::create_directories(b.dir + "/objects");
    std::ofstream(b.dir + "/objects/bodies") << "a file";
    CHECK_FALSE(b.put("t1", kResponse, 0, "ab"));
    fs::remove(b.dir + "/objects/bodies");
    CHECK(b.put("t2", kResponse, 0, "ab"));
    CHECK(b.finish("t2", kResponse, 2));
    CHECK(b.content("t2.response") == "ab");
  }

  TEST_CASE("a body whose file cannot be closed has failed, and does not get its name") {
    Bench b;
    const std::string dir = b.dir + "/quota";
    sink::FileBodies bodies(dir, close_over_quota);
    CHECK(bodies.put({.chunk = piece_of("t1", "ab"), .first = true}).ok());
    const Status status = bodies.put({.chunk = piece_of("t1", "", /*last=*/true)});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().status == QTAP_ERR_IO);
    CHECK(status.error().text == "close body file " + dir +
                                     "/t1.response.part: Disk quota exceeded; free space there or "
                                     "choose another directory");
    CHECK(fs::exists(dir + "/t1.response.part"));
    CHECK_FALSE(fs::exists(dir + "/t1.response"));
  }

  TEST_CASE("a body that is closed for another one and fails is refused, the other is not") {
    Bench b;
    const std::string dir = b.dir + "/quota";
    static int fails = 0;
    fails = 1;
    sink::FileBodies bodies(
        dir, [](int fd) { return fails-- > 0 ? close_over_quota(fd) : ::close(fd); });
    CHECK(bodies.put({.chunk = piece_of("t1", "ab"), .first = true}).ok());
    CHECK(bodies.put({.chunk = piece_of("t2", "cd"), .first = true}).ok());
    CHECK(bodies.put({.chunk = piece_of("t2", "", /*last=*/true)}).ok());
    CHECK(fs::exists(dir + "/t2.response"));
    CHECK_FALSE(bodies.put({.chunk = piece_of("t1", "", /*last=*/true)}).ok());
    CHECK_FALSE(fs::exists(dir + "/t1.response"));
    CHECK(bodies.put({.chunk = piece_of("t1", "ab"), .first = true}).ok());  // told once
  }

  TEST_CASE("without the option it takes no bodies") {
    Bench b(/*bodies=*/false);
    CHECK_FALSE(b.store->sink().takes_bodies());
  }
}
