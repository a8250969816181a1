// SPDX-License-Identifier: Apache-2.0
// Plain text of TLS connections, from both ends, with each of the kernel programs.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <string>
#include <utility>

#include "capture.h"

namespace qtap::test {
namespace {

bool kernel_at_least(int major, int minor) {
  utsname name = {};
  uname(&name);
  int have[2] = {};
  std::istringstream release(name.release);
  char dot = 0;
  release >> have[0] >> dot >> have[1];
  return have[0] > major || (have[0] == major && have[1] >= minor);
}

void check_https(const probe::LiveOptions& live) {
  Child server(python("server", certificate()));
  const std::string port = server.read_line();
  Capture capture(live);
  const pid_t curl =
      run(capture, {"curl", "-sk", "-o", "/dev/null", "https://127.0.0.1:" + port + "/40000"});

  const Kept* client_open = capture.first(RecordType::kOpen, curl);
  const Kept* server_open = capture.first(RecordType::kOpen, server.pid());
  REQUIRE(client_open != nullptr);
  REQUIRE(server_open != nullptr);
  CHECK(client_open->record.role == Role::kClient);
  CHECK(server_open->record.role == Role::kServer);
  CHECK(client_open->record.remote.port == std::stoi(port));
  CHECK(client_open->record.local == server_open->record.remote);
  CHECK(client_open->record.remote == server_open->record.local);
  CHECK(client_open->record.remote.family == AF_INET);
  CHECK(client_open->record.remote.ip[12] == 127);
  CHECK(client_open->record.start_ns > 0);
  CHECK(client_open->record.start_ns <= client_open->record.time_ns);
  CHECK(client_open->record.fd >= 0);
  if (kernel_at_least(5, 12)) {  // bpf_get_socket_cookie() for tracing programs
    CHECK(client_open->record.socket_cookie != 0);
    CHECK(server_open->record.socket_cookie != client_open->record.socket_cookie);
  }
  CHECK(client_open->record.netns != 0);

  for (const auto& [pid, open] :
       {std::pair{curl, client_open}, std::pair{server.pid(), server_open}}) {
    const auto binds = capture.of(RecordType::kBind, pid);
    REQUIRE(binds.size() == 1);
    CHECK(binds[0]->record.conn_key == open->record.conn_key);
    const auto streams = capture.streams(pid, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    CHECK(streams[0] == binds[0]->record.stream_id);
    for (const Kept* data : capture.of(RecordType::kData, pid)) {
      CHECK(data->record.conn_key == open->record.conn_key);
      CHECK(data->record.tls == (data->record.stream_kind == StreamKind::kSocket));
    }
    const auto request =
        capture.assemble(streams[0], pid == curl ? Direction::kSent : Direction::kReceived);
    CHECK(request.bytes.starts_with("GET /40000 HTTP/1.1\r\n"));
    CHECK(request.bytes.ends_with("\r\n\r\n"));
    const auto response =
        capture.assemble(streams[0], pid == curl ? Direction::kReceived : Direction::kSent);
    CHECK(response.bytes.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(response.bytes.ends_with("\r\n\r\n" + pattern(40000)));
    CHECK(response.missing == 0);
    CHECK(response.contiguous);

    // Encrypted text is longer than plain text, and what of it is known is told with the text.
    for (const Kept* data : capture.of(RecordType::kData, pid)) {
      const Record& record = data->record;
      if (record.stream_kind != StreamKind::kOpenssl) continue;
      CHECK(record.wire_bytes[index(record.direction)] > record.offset + record.full_len);
      CHECK(record.handshake_us > 0);
      CHECK(record.handshake_us < 30'000'000);
    }

    // The socket: both hellos, then only counts.
    const auto hello = capture.assemble(open->record.conn_key, Direction::kSent);
    CHECK(hello.bytes.substr(0, 2) == "\x16\x03");
    CHECK(hello.bytes.size() <= 4096);
    const Kept* close = capture.close_of(open->record.conn_key);
    REQUIRE(close != nullptr);
    CHECK(close->record.tls);
    CHECK(close->record.pid == static_cast<uint32_t>(pid));
    for (const Direction direction : {Direction::kSent, Direction::kReceived}) {
      const auto copied = capture.assemble(open->record.conn_key, direction).bytes.size();
      CHECK(close->record.total_bytes[index(direction)] ==
            copied + close->record.filtered_bytes[index(direction)]);
    }
    CHECK(close->record.total_bytes[pid == curl ? 1 : 0] > 40000);
  }
  CHECK(capture.close_of(client_open->record.conn_key)->record.total_bytes[0] ==
        capture.close_of(server_open->record.conn_key)->record.total_bytes[1]);
  const auto ends = capture.of(RecordType::kStreamEnd, curl);
  REQUIRE(ends.size() == 1);
  CHECK(ends[0]->record.total_bytes[1] > 40000);
  CHECK(ends[0]->record.total_bytes[0] ==
        capture.assemble(ends[0]->record.stream_id, Direction::kSent).bytes.size());
  CHECK(capture.of(RecordType::kLoss).empty());

  // Who it was, told before anything else of the process.
  const Kept* who = capture.first(RecordType::kProcessInfo, curl);
  REQUIRE(who != nullptr);
  CHECK(who->exe == "/usr/bin/curl");
  CHECK(who->comm == "curl");
  CHECK(who->record.uid == getuid());
  CHECK(who->record.ppid == static_cast<uint32_t>(getpid()));
  const Kept* server_who = capture.first(RecordType::kProcessInfo, server.pid());
  REQUIRE(server_who != nullptr);
  CHECK(server_who < server_open);
  CHECK(server_who->exe.find("python3") != std::string::npos);
}

void check_large_write(const probe::LiveOptions& live, size_t bytes) {
  Child server(python("server", certificate()));
  const std::string port = server.read_line();
  Capture capture(live);
  const pid_t client = run(capture, python("post", {port, std::to_string(bytes)}));
  for (const auto& [pid, direction] :
       {std::pair{client, Direction::kSent}, std::pair{server.pid(), Direction::kReceived}}) {
    const auto streams = capture.streams(pid, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    const auto sent = capture.assemble(streams[0], direction);
    CHECK(sent.missing == 0);
    CHECK(sent.contiguous);
    const size_t body = sent.bytes.find("\r\n\r\n") + 4;
    CHECK((sent.bytes.substr(body) == pattern(bytes)));
  }
  CHECK(capture.of(RecordType::kLoss).empty());
}

}  // namespace

TEST_SUITE("bpf/live_https") {
  TEST_CASE("curl over TLS is seen from both ends, in plain text, on the right connection") {
    check_https(live_options());
  }

  TEST_CASE("probes on the public functions see the same as those on their workers") {
    auto live = live_options();
    live.public_places = true;
    SUBCASE("uprobe_multi") {}
    SUBCASE("6.1") {
      live.without_uprobe_multi = true;
    }
    check_https(live);
    check_large_write(live, 1u << 20);
  }

  TEST_CASE("the programs for kernels without uprobe_multi and bpf_loop see the same") {
    auto live = live_options();
    live.without_uprobe_multi = true;
    SUBCASE("6.1: no uprobe_multi") {
      check_https(live);
    }
    SUBCASE("5.10: neither") {
      live.without_bpf_loop = true;
      check_https(live);
      check_large_write(live, 1u << 20);
    }
  }

  TEST_CASE("records of several rings come as one sequence") {
    auto live = live_options();
    live.rings = 4;
    check_https(live);
    check_large_write(live, 1u << 20);
  }

  TEST_CASE("one SSL_write of 1 MiB and of 8 MiB arrives whole") {
    auto live = live_options();
    live.ring_bytes = 64u << 20;
    SUBCASE("1 MiB") {
      check_large_write(live, 1u << 20);
    }
    SUBCASE("8 MiB") {
      check_large_write(live, 8u << 20);
    }
  }
}

}  // namespace qtap::test
