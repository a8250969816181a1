// SPDX-License-Identifier: Apache-2.0
// Which TLS libraries are found, and what is said where there are none.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "capture.h"

namespace qtap::test {

namespace {

constexpr const char* kLibssl = "/usr/lib/x86_64-linux-gnu/libssl.so.3";

// A program that loads a library when it is told to, long after it began, and what is read of it.
class LateProgram {
 public:
  LateProgram(const std::string& library, const std::vector<std::string>& inside,
              const std::string& options = "")
      : library_(library), server_(server(options)), client_(argv(inside, options)) {
    REQUIRE(client_.read_line() == "ready");
  }

  pid_t pid() const { return client_.pid(); }

  // The reader runs meanwhile, as in a program of its own.
  void say(Capture& capture, const std::string& word) {
    client_.write_line(word);
    std::atomic<bool> done = false;
    std::string line;
    std::thread waits([&] {
      line = client_.read_line();
      done = true;
    });
    CHECK(capture.poll_until([&] { return done.load(); }));
    waits.join();
    CHECK_MESSAGE((line == "loaded" || line.starts_with("done")), line);
  }
  void load() {
    client_.write_line("load");
    REQUIRE(client_.read_line() == "loaded");
  }
  // The same when nobody reads meanwhile.
  void say_unheard(const std::string& word) {
    client_.write_line(word);
    REQUIRE(client_.read_line().starts_with("done"));
  }

  bool is_attached(Capture& capture) const {
    const auto attached = capture.source().attached();
    return std::any_of(attached.begin(), attached.end(), [&](const std::string& line) {
      return line.find(library_) != std::string::npos;
    });
  }

  size_t requests(const Capture& capture) const {
    size_t count = 0;
    for (const uint64_t stream : capture.streams(pid(), StreamKind::kOpenssl)) {
      const std::string sent = capture.assemble(stream, Direction::kSent).bytes;
      for (size_t at = 0; (at = sent.find("GET /1 HTTP", at)) != std::string::npos; ++at) ++count;
    }
    return count;
  }

  // The plain text says that some may be missing before it.
  bool is_late(const Capture& capture) const {
    for (const Kept* data : capture.of(RecordType::kData, pid())) {
      if (data->record.stream_kind == StreamKind::kOpenssl && data->record.late) return true;
    }
    return false;
  }

 private:
  static std::vector<std::string> server(const std::string& options) {
    auto arguments = certificate();
    arguments.push_back(options);
    return python("server", arguments);
  }
  std::vector<std::string> argv(std::vector<std::string> inside, const std::string& options) {
    const auto program = python("late_library", {server_.read_line(), library_, options});
    inside.insert(inside.end(), program.begin(), program.end());
    return inside;
  }

  std::string library_;
  Child server_;
  Child client_;
};

// Keeps whoever opens the file waiting, meanwhile takes its name away, and lets them go on.
class Unlinker {
 public:
  explicit Unlinker(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    signal(SIGIO, SIG_IGN);  // what the kernel says of the lease
    REQUIRE(fcntl(fd_, F_SETLEASE, F_WRLCK) == 0);
    waits_ = std::thread([this, path] {
      waited_ = wait_until([this] { return fcntl(fd_, F_GETLEASE) != F_WRLCK; });
      unlink(path.c_str());
      fcntl(fd_, F_SETLEASE, F_UNLCK);
    });
  }
  ~Unlinker() {
    waits_.join();
    close(fd_);
    CHECK(waited_);
  }

 private:
  int fd_;
  bool waited_ = false;
  std::thread waits_;
};

// What comes behind runs where a folder holds a copy of OpenSSL that nobody outside of it sees.
std::vector<std::string> in_namespace(const std::string& folder) {
  return {"unshare",
          "-m",
          "sh",
          "-c",
          "mount -t tmpfs none " + folder + " && cp " + kLibssl + " " + folder + " && exec \"$@\"",
          "sh"};
}

}  // namespace

TEST_SUITE("bpf/live_library") {
  TEST_CASE("without any OpenSSL library it runs and warns") {
    auto live = live_options();
    live.library_directories = {"/nonexistent"};
    live.search_processes = false;
    Capture capture(live);
    const auto warnings = capture.source().warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("QT063: no OpenSSL library found") != std::string::npos);
  }

  TEST_CASE("a library that is none is a warning that names it, and the rest works") {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/libssl.so.3";
    std::ofstream(path)
        << "not an ELF file at all, but long enough to hold the header of one, really long";
    auto live = live_options();
    live.library_directories = {directory.path()};
    live.search_processes = false;
    Capture capture(live);
    const auto warnings = capture.source().warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find(path) != std::string::npos);
  }

  TEST_CASE("a file whose name goes away while it is looked at gets its probes all the same") {
    const TemporaryLibrary library;
    auto live = live_options();
    live.library_directories = {library.directory()};
    live.search_processes = false;
    const Unlinker unlinker(library.path());
    Capture capture(live);
    CHECK(capture.source().warnings().empty());
    REQUIRE(capture.source().attached().size() == 3);
    CHECK(capture.source().attached()[2].find(library.path()) != std::string::npos);
  }

  TEST_CASE("a library that nobody told us about is found when a program uses it") {
    const TemporaryLibrary library;
    auto live = live_options();
    live.library_directories = {"/nonexistent"};
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    const size_t attached = capture.source().attached().size();
    Child client({"sh", "-c",
                  "LD_LIBRARY_PATH=" + library.directory() + " exec /usr/bin/python3 " +
                      workload("post") + " " + port + " 10; "});
    CHECK(capture.poll_until([&] { return capture.source().attached().size() > attached; }));
    CHECK(capture.source().attached().back().find(library.path()) != std::string::npos);
  }

  TEST_CASE("a library that is loaded late has its probes before anybody uses it") {
    const TemporaryLibrary library;
    LateProgram program(library.path(), {});
    Capture capture(live_options());
    capture.settle();
    CHECK_FALSE(program.is_attached(capture));
    program.say(capture, "load");
    CHECK(capture.poll_until([&] { return program.is_attached(capture); }));
    program.say(capture, "go");
    CHECK(capture.poll_until([&] { return program.requests(capture) == 1; }));
    CHECK_FALSE(program.is_late(capture));
  }

  TEST_CASE("two processes that load a library in the same second are both looked into") {
    const TemporaryLibrary library;
    LateProgram one(library.path(), {});
    LateProgram two(library.path(), {});
    Capture capture(live_options());
    capture.settle();
    const auto is_known = [&](pid_t pid) {
      for (const Kept* info : capture.of(RecordType::kProcessInfo, pid)) {
        if (info->record.tls_library == TlsLibrary::kProbed) return true;
      }
      return false;
    };
    one.load();  // together, while nobody reads
    two.load();
    CHECK(capture.poll_until([&] { return is_known(one.pid()); }));
    CHECK(capture.poll_until([&] { return is_known(two.pid()); }));
  }

  TEST_CASE("a library that is used the moment it is loaded: what is missed is told") {
    // How many of how many first requests: QTAP_TIMES=50 measures it.
    const char* times = getenv("QTAP_TIMES");
    const size_t count = times != nullptr ? std::stoul(times) : 3;
    for (const bool map_events : {true, false}) {
      size_t first = 0;
      for (size_t i = 0; i < count; ++i) {
        const TemporaryLibrary library;
        LateProgram program(library.path(), {});
        auto live = live_options();
        live.map_events = map_events;
        Capture capture(live);
        capture.settle();
        program.say(capture, "go");
        CHECK(capture.poll_until([&] { return program.is_attached(capture); }));
        program.say(capture, "go");
        CHECK(capture.poll_until([&] { return program.requests(capture) >= 1; }));
        if (program.requests(capture) < 2) CHECK(program.is_late(capture));
        first += program.requests(capture) == 2;
      }
      MESSAGE("map events " << map_events << ": first requests " << first << " of " << count);
    }
  }

  TEST_CASE("probes that come to an open connection, which began under capture: told as late") {
    // "again": a handshake that has nothing left to do is none that was seen. "renegotiate": one
    // that succeeds on the socket, and is not the first (TLS 1.2 only).
    for (const std::string word : {"go", "again", "renegotiate"}) {
      CAPTURE(word);
      const TemporaryLibrary library;
      LateProgram program(library.path(), {}, word == "renegotiate" ? "TLSv1.2" : "");
      Capture capture(live_options());
      program.say_unheard("go");
      CHECK(capture.poll_until([&] { return program.is_attached(capture); }));
      program.say(capture, word);
      CHECK(capture.poll_until([&] { return program.requests(capture) == 1; }));
      for (const Kept* data : capture.of(RecordType::kData, program.pid())) {
        if (data->record.stream_kind == StreamKind::kOpenssl) CHECK(data->record.late);
      }
      CHECK(program.is_late(capture));
    }
  }

  TEST_CASE("a library that only another mount namespace has: loaded before and after the start") {
    for (const bool before : {true, false}) {
      const TemporaryDirectory folder;
      const std::string path = folder.path() + "/libssl.so.3";
      LateProgram program(path, in_namespace(folder.path()));
      CHECK_FALSE(std::ifstream(path).good());
      if (before) program.load();
      Capture capture(live_options());
      CHECK(program.is_attached(capture) == before);
      if (!before) program.say(capture, "load");
      CHECK(capture.poll_until([&] { return program.is_attached(capture); }));
      program.say(capture, "go");
      CHECK(capture.poll_until([&] { return program.requests(capture) == 1; }));
      CHECK_FALSE(program.is_late(capture));
    }
  }
}

}  // namespace qtap::test
