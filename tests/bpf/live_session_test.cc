// SPDX-License-Identifier: Apache-2.0
// The life of a source: options, start, polls, several at once, and what is left behind.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdarg>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "capture.h"

namespace qtap::test {
namespace {

// Of /proc/self/fd: our descriptors; of /proc/self/task: our threads.
ptrdiff_t entries(const char* directory) {
  return std::distance(std::filesystem::directory_iterator(directory), {});
}

// The kernel's ids of what this process holds: other sessions of the machine do not disturb.
struct KernelObjects {
  std::set<uint32_t> programs;
  std::set<uint32_t> maps;
  std::set<uint32_t> links;

  void add_held() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
      std::ifstream file(entry.path());
      std::string key;
      uint32_t id = 0;
      for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        if (!(words >> key >> id)) continue;
        if (key == "prog_id:") programs.insert(id);
        if (key == "map_id:") maps.insert(id);
        if (key == "link_id:") links.insert(id);
      }
    }
  }
  size_t still_there() const {
    size_t count = 0;
    const auto probe = [&](const std::set<uint32_t>& ids, int (*open_by_id)(uint32_t)) {
      for (const uint32_t id : ids) {
        const int fd = open_by_id(id);
        if (fd >= 0) ++count;
        if (fd >= 0) close(fd);
      }
    };
    probe(programs, bpf_prog_get_fd_by_id);
    probe(maps, bpf_map_get_fd_by_id);
    probe(links, bpf_link_get_fd_by_id);
    return count;
  }
};

}  // namespace

TEST_SUITE("bpf/live_session") {
  TEST_CASE("a sink that takes one record at a time gets every record once and in order") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live_options());
    capture.one_at_a_time = true;
    const pid_t curl =
        run(capture, {"curl", "-sk", "-o", "/dev/null", "https://127.0.0.1:" + port + "/300"});
    const auto streams = capture.streams(curl, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    const auto response = capture.assemble(streams[0], Direction::kReceived);
    CHECK(response.bytes.ends_with(pattern(300)));
    CHECK(response.contiguous);
    // Who it is; and again when looks into it found no library yet, or one. The first may come
    // behind the news that it has mapped one.
    const auto introductions = capture.of(RecordType::kProcessInfo, curl);
    REQUIRE(!introductions.empty());
    CHECK(introductions.size() <= 3);
    CHECK(introductions[0]->record.tls_library != TlsLibrary::kNoSymbols);
    CHECK(capture.of(RecordType::kExit, curl).size() == 1);
  }

  TEST_CASE("two sources in one process work side by side") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture one(live_options());
    auto sockets_only = live_options();
    sockets_only.tls.clear();
    Capture two(sockets_only);
    const pid_t curl =
        run(one, {"curl", "-sk", "-o", "/dev/null", "https://127.0.0.1:" + port + "/1"});
    two.settle();
    CHECK(one.streams(curl, StreamKind::kOpenssl).size() == 1);
    CHECK(two.streams(curl, StreamKind::kOpenssl).empty());
    CHECK(two.streams(curl, StreamKind::kSocket).size() == 1);
    one.stop();
    const pid_t again =
        run(two, {"curl", "-sk", "-o", "/dev/null", "https://127.0.0.1:" + port + "/1"});
    CHECK(two.streams(again, StreamKind::kSocket).size() == 1);
  }

  TEST_CASE("starting and stopping leaves nothing behind") {
    const ptrdiff_t descriptors = entries("/proc/self/fd");
    const ptrdiff_t threads = entries("/proc/self/task");
    KernelObjects objects;
    for (int i = 0; i < 10; ++i) {
      Capture capture(live_options());
      objects.add_held();
      if (i % 2 == 0) capture.stop();
    }
    CHECK(entries("/proc/self/fd") == descriptors);
    CHECK(entries("/proc/self/task") == threads);
    CHECK(objects.programs.size() >= 10 * 7);
    CHECK(objects.links.size() >= 10 * 5);
    // The kernel frees them after a grace period.
    CHECK(wait_until([&] { return objects.still_there() == 0; }));
  }

  TEST_CASE("the host's libbpf print function stays in place") {
    const libbpf_print_fn_t mine = [](libbpf_print_level, const char*, va_list) { return 0; };
    const libbpf_print_fn_t before = libbpf_set_print(mine);
    { Capture capture(live_options()); }
    const bool still_mine = libbpf_set_print(before) == mine;
    CHECK(still_mine);
  }

  TEST_CASE("options that make no sense are refused by name") {
    auto live = live_options();
    SUBCASE("ring not a power of two") {
      live.ring_bytes = 100'000;
    }
    SUBCASE("ring too small") {
      live.ring_bytes = 4096;
    }
    SUBCASE("unknown library") {
      live.tls = {"opensssl"};
    }
    const auto created = probe::LiveSource::create(live);
    REQUIRE_FALSE(created.ok());
    CHECK(created.error().status == QTAP_ERR_INVALID);
  }

  TEST_CASE("a second start is refused") {
    Capture capture(live_options());
    const Status again = capture.source().start();
    REQUIRE_FALSE(again.ok());
    CHECK(again.error().status == QTAP_ERR_STATE);
  }
}

}  // namespace qtap::test
