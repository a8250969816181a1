// SPDX-License-Identifier: Apache-2.0
// Which socket an OpenSSL stream is bound to, if any.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "capture.h"

namespace qtap::test {

TEST_SUITE("bpf/live_openssl") {
  TEST_CASE("a stream on memory BIOs is bound to the socket that carries its records") {
    auto live = live_options();
    SUBCASE("probes on workers") {}
    SUBCASE("probes on public functions") {
      live.public_places = true;
    }
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    const pid_t client = run(capture, python("memory_bio", {port}));
    // It writes to another socket from inside of a TLS call, too.
    const auto binds = capture.of(RecordType::kBind, client);
    REQUIRE(binds.size() == 1);
    CHECK(binds[0]->record.bind_method == BindMethod::kCiphertext);
    uint64_t conn_key = 0;
    for (const Kept* open : capture.of(RecordType::kOpen, client)) {
      if (open->record.remote.port == std::stoi(port)) conn_key = open->record.conn_key;
    }
    CHECK(binds[0]->record.conn_key == conn_key);
    const auto streams = capture.streams(client, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    CHECK(capture.assemble(streams[0], Direction::kSent).bytes.starts_with("GET /5 "));
    CHECK(capture.assemble(streams[0], Direction::kReceived).bytes.starts_with("HTTP/1.1 200"));
    for (const Kept* kept : capture.of(RecordType::kData, client)) {
      if (kept->record.stream_kind == StreamKind::kOpenssl) {
        CHECK(kept->record.conn_key == conn_key);
      }
    }
    REQUIRE(capture.close_of(conn_key) != nullptr);
    CHECK(capture.close_of(conn_key)->record.tls);
  }

  TEST_CASE(
      "what a callback writes to other sockets from inside SSL_* is not taken for the stream's "
      "socket") {
    auto live = live_options();
    SUBCASE("probes on workers") {}
    SUBCASE("probes on public functions") {
      live.public_places = true;
    }
    Capture capture(live);
    Child child(python("false_nesting", certificate()));
    std::istringstream ports(child.read_line());
    int tls = 0;
    int plain = 0;
    int lookalike = 0;
    ports >> tls >> plain >> lookalike;
    CHECK(capture.poll_until([&] { return child.ended(); }));
    capture.settle();
    std::map<uint64_t, int> port_of_conn;
    std::map<int, uint64_t> client_of_port;
    for (const Kept* open : capture.of(RecordType::kOpen, child.pid())) {
      const bool client = open->record.role == Role::kClient;
      port_of_conn[open->record.conn_key] =
          client ? open->record.remote.port : open->record.local.port;
      if (client) client_of_port[open->record.remote.port] = open->record.conn_key;
    }
    const auto binds = capture.of(RecordType::kBind, child.pid());
    CHECK(binds.size() == 2);  // client and server, one each
    for (const Kept* bind : binds) CHECK(port_of_conn[bind->record.conn_key] == tls);
    CHECK(capture.assemble(client_of_port[plain], Direction::kSent)
              .bytes.starts_with("GET /from-callback"));
    CHECK_FALSE(capture.close_of(client_of_port[plain])->record.tls);
    for (const Kept* data : capture.of(RecordType::kData, child.pid())) {
      if (data->record.stream_kind == StreamKind::kOpenssl)
        CHECK(port_of_conn[data->record.conn_key] == tls);
    }
  }

  TEST_CASE("a program whose BIO is its own makes BIO_write probed, and then has its address") {
    const auto has_all_bios = [](Capture& capture) {
      const auto attached = capture.source().attached();
      return std::any_of(attached.begin(), attached.end(), [](const std::string& line) {
        return line.ends_with("(all BIOs: a program has its own)");
      });
    };
    const std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "custom_bio";
    Capture capture(live_options());
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    {
      const pid_t usual = run(capture, python("memory_bio", {port}));
      CHECK(capture.of(RecordType::kBind, usual).size() == 1);
      CHECK_FALSE(has_all_bios(capture));
    }
    Child client({program, port});
    REQUIRE(client.read_line() == "connected");
    CHECK(capture.poll_until([&] { return has_all_bios(capture); }));
    for (int i = 0; i < 2; ++i) {
      client.write_line("go");
      REQUIRE(client.read_line() == "done");
    }
    CHECK(capture.poll_until([&] { return !capture.of(RecordType::kBind, client.pid()).empty(); }));
    capture.settle();
    const auto binds = capture.of(RecordType::kBind, client.pid());
    REQUIRE(binds.size() == 1);
    CHECK(binds[0]->record.bind_method == BindMethod::kCiphertext);
    CHECK(binds[0]->record.conn_key ==
          capture.first(RecordType::kOpen, client.pid())->record.conn_key);
    const auto sent = capture.assemble(binds[0]->record.stream_id, Direction::kSent);
    CHECK(sent.bytes.starts_with("GET /1 "));
    CHECK(sent.bytes.find("GET /2 ") != std::string::npos);
  }

  TEST_CASE("a TLS connection that is older than the capture is bound to its socket") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Child client(python("keep_alive", {port, "tls"}));
    REQUIRE(client.read_line() == "connected");
    Capture capture(live_options());
    for (const char* path : {"/77", "/78"}) {
      client.write_line(path);
      REQUIRE(client.read_line() == "done");
    }
    capture.settle();
    for (const pid_t pid : {client.pid(), server.pid()}) {
      const Kept* open = capture.first(RecordType::kOpen, pid);
      REQUIRE(open != nullptr);
      const auto binds = capture.of(RecordType::kBind, pid);
      REQUIRE(binds.size() == 1);
      CHECK(binds[0]->record.conn_key == open->record.conn_key);
      const bool is_client = pid == client.pid();
      const auto request = capture.assemble(binds[0]->record.stream_id,
                                            is_client ? Direction::kSent : Direction::kReceived);
      // The server was inside SSL_read when we came; that call is not seen.
      CHECK(request.bytes.starts_with(is_client ? "GET /77 " : "GET /78 "));
      const auto response = capture.assemble(binds[0]->record.stream_id,
                                             is_client ? Direction::kReceived : Direction::kSent);
      CHECK(response.bytes.starts_with("HTTP/1.1 200 OK"));
      CHECK(response.bytes.ends_with(pattern(78)));
    }
  }
}

}  // namespace qtap::test
