// SPDX-License-Identifier: Apache-2.0
// What the sockets of other programs say: addresses, roles, times, bytes.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "capture.h"

namespace qtap::test {

namespace {

void check_plain(const probe::LiveOptions& live) {
  Child server(python("server"));
  const std::string port = server.read_line();
  Capture capture(live);
  const pid_t curl =
      run(capture, {"curl", "-s", "-o", "/dev/null", "http://127.0.0.1:" + port + "/1000000"});
  for (const pid_t pid : {curl, server.pid()}) {
    const Kept* open = capture.first(RecordType::kOpen, pid);
    REQUIRE(open != nullptr);
    const auto response = capture.assemble(open->record.conn_key,
                                           pid == curl ? Direction::kReceived : Direction::kSent);
    CHECK(response.missing == 0);
    CHECK(response.contiguous);
    CHECK((response.bytes.ends_with("\r\n\r\n" + pattern(1'000'000))));
    const Kept* close = capture.close_of(open->record.conn_key);
    REQUIRE(close != nullptr);
    CHECK_FALSE(close->record.tls);
    CHECK(close->record.filtered_bytes == std::array<uint64_t, 2>{0, 0});
  }
  CHECK(capture.of(RecordType::kLoss).empty());
}

}  // namespace

TEST_SUITE("bpf/live_socket") {
  TEST_CASE("plain HTTP is copied in full") {
    check_plain(live_options());
  }

  TEST_CASE("copies of the program of system calls add nothing to the first") {
    auto live = live_options();
    live.exit_copies = probe::ExitCopiesUse::kAlways;
    check_plain(live);
  }

  TEST_CASE("copies of the program of system calls take what the first one missed") {
    auto live = live_options();
    live.exit_copies = probe::ExitCopiesUse::kAlone;
    check_plain(live);
  }

  TEST_CASE("a non-blocking connect is told when it has succeeded, with the time that it took") {
    Capture capture(live_options());
    const pid_t pid = run(capture, python("slow_connect"));
    uint64_t longest_ns = 0;
    int clients = 0;
    for (const Kept* open : capture.of(RecordType::kOpen, pid)) {
      if (open->record.role != Role::kClient) continue;
      ++clients;
      CHECK(open->record.start_ns > 0);
      CHECK(open->record.fd >= 0);
      CHECK(capture.close_of(open->record.conn_key) != nullptr);
      longest_ns = std::max(longest_ns, open->record.time_ns - open->record.start_ns);
    }
    CHECK(clients == 2);  // the refused one is none
    CHECK(longest_ns > 500'000'000);
  }

  TEST_CASE("every HTTP method is recognised as the beginning of plain HTTP") {
    const std::vector<std::string> methods = {
        "GET",    "HEAD",       "POST",       "PUT",    "DELETE",   "OPTIONS",    "TRACE",
        "PATCH",  "PROPFIND",   "PROPPATCH",  "MKCOL",  "COPY",     "MOVE",       "LOCK",
        "UNLOCK", "MKACTIVITY", "MKCALENDAR", "SEARCH", "REPORT",   "CHECKOUT",   "MERGE",
        "ACL",    "BIND",       "REBIND",     "UNBIND", "M-SEARCH", "NOTIFY",     "SUBSCRIBE",
        "PURGE",  "LINK",       "UNLINK",     "SOURCE", "QUERY",    "UNSUBSCRIBE"};
    Capture capture(live_options());
    const pid_t pid = run(capture, python("methods", methods));
    std::set<std::string> whole;
    for (const Kept* open : capture.of(RecordType::kOpen, pid)) {
      if (open->record.role != Role::kClient) continue;
      const auto sent = capture.assemble(open->record.conn_key, Direction::kSent);
      const size_t body = sent.bytes.find("\r\n\r\n");
      if (body == std::string::npos) continue;
      const std::string method = sent.bytes.substr(0, sent.bytes.find(' '));
      CHECK_MESSAGE((sent.bytes.substr(body + 4) == pattern(5000)), method);
      whole.insert(method);
    }
    CHECK(whole == std::set<std::string>(methods.begin(), methods.end()));
  }

  TEST_CASE(
      "every socket call is understood: peeks once, segments in order, sendfile and splice as "
      "gaps") {
    Capture capture(live_options());
    const pid_t pid = run(capture, python("calls"));
    const auto opens = capture.of(RecordType::kOpen, pid);
    REQUIRE(opens.size() == 2);
    for (const Kept* open : opens) {
      const bool client = open->record.role == Role::kClient;
      const auto bytes =
          capture.assemble(open->record.conn_key, client ? Direction::kSent : Direction::kReceived);
      // Of several messages in one call: the first, if it was sent.
      const std::string messages = client ? "pqrst??" : "pqr????";
      CHECK(bytes.bytes.starts_with("GET /abcdefghijklmno" + messages));
      CHECK(bytes.bytes.size() == 27 + 70000 + 5000);
      CHECK(bytes.contiguous);
      CHECK(bytes.missing == (client ? 2 + 70000 + 5000 : 4 + 5000));
      if (!client) CHECK((bytes.bytes.substr(27, 70000) == std::string(70000, 'z')));
      const Kept* close = capture.close_of(open->record.conn_key);
      REQUIRE(close != nullptr);
      CHECK(close->record.total_bytes[client ? 0 : 1] == 75027);
    }
    for (const Kept* data : capture.of(RecordType::kData, pid)) {
      if (data->record.truncated) CHECK(data->record.cause == kLossNoBuffer);
    }
  }

  TEST_CASE("of an unknown protocol the first bytes are copied and the rest is counted") {
    auto live = live_options();
    live.unknown_bytes = 1000;
    Capture capture(live);
    const pid_t pid = run(capture, python("binary"));
    const auto opens = capture.of(RecordType::kOpen, pid);
    REQUIRE(opens.size() == 2);
    for (const Kept* open : opens) {
      const Kept* close = capture.close_of(open->record.conn_key);
      REQUIRE(close != nullptr);
      CHECK(close->record.total_bytes == std::array<uint64_t, 2>{2'000'000, 2'000'000});
      CHECK(close->record.filtered_bytes == std::array<uint64_t, 2>{1'999'000, 1'999'000});
      CHECK(capture.assemble(open->record.conn_key, Direction::kSent).bytes.size() == 1000);
    }
    CHECK(!capture.of(RecordType::kCount, pid).empty());
  }

  TEST_CASE("a connection that is older than the capture is seen from its next request on") {
    Child server(python("server"));
    const std::string port = server.read_line();
    Child client(python("keep_alive", {port}));
    REQUIRE(client.read_line() == "connected");
    Capture capture(live_options());
    client.write_line("/77");
    CHECK(capture.poll_until([&] {
      const Kept* open = capture.first(RecordType::kOpen, server.pid());
      return open != nullptr &&
             !capture.assemble(open->record.conn_key, Direction::kSent).bytes.empty();
    }));
    capture.settle();
    for (const pid_t pid : {client.pid(), server.pid()}) {
      const Kept* open = capture.first(RecordType::kOpen, pid);
      REQUIRE(open != nullptr);
      CHECK(open->record.role == (pid == client.pid() ? Role::kClient : Role::kServer));
      CHECK(open->record.late);
      CHECK(open->record.start_ns == 0);
      const auto request = capture.assemble(
          open->record.conn_key, pid == client.pid() ? Direction::kSent : Direction::kReceived);
      CHECK(request.bytes.starts_with("GET /77 HTTP/1.1\r\n"));
      CHECK(request.missing == 0);
      CHECK(capture.first(RecordType::kProcessInfo, pid) != nullptr);
    }
  }

  TEST_CASE("our own traffic is not captured") {
    Capture capture(live_options());
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(listen(listener, 1) == 0);
    REQUIRE(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(connect(client, reinterpret_cast<sockaddr*>(&address), length) == 0);
    const int server = accept(listener, nullptr, nullptr);
    CHECK(write(client, "GET / HTTP/1.1\r\n", 16) == 16);
    char buffer[16];
    CHECK(read(server, buffer, 16) == 16);
    for (const int fd : {client, server, listener}) close(fd);
    capture.settle();
    for (const Kept& kept : capture.records())
      CHECK(kept.record.pid != static_cast<uint32_t>(getpid()));
  }

  TEST_CASE("an IPv4 client of a dual-stack listener has the same addresses on both ends") {
    Capture capture(live_options());
    const pid_t pid = run(capture, python("dual_stack"));
    const auto opens = capture.of(RecordType::kOpen, pid);
    REQUIRE(opens.size() == 2);
    CHECK(opens[0]->record.local == opens[1]->record.remote);
    CHECK(opens[0]->record.remote == opens[1]->record.local);
    CHECK(opens[1]->record.remote.family == AF_INET);
  }
}

}  // namespace qtap::test
