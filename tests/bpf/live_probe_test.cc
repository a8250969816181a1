// SPDX-License-Identifier: Apache-2.0
// The live source against real programs and the running kernel.
#include "probe/live_source.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "bpf/shared/records.h"
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

probe::LiveOptions options() {
  probe::LiveOptions result;
  result.self_pid = static_cast<uint32_t>(getpid());
  return result;
}

// Runs the program and waits for its EXIT record.
pid_t run(Capture& capture, const std::vector<std::string>& argv) {
  Child child(argv);
  CHECK(capture.poll_until([&] { return child.ended(); }));
  CHECK(
      capture.poll_until([&] { return capture.first(RecordType::kExit, child.pid()) != nullptr; }));
  capture.settle();
  return child.pid();
}

size_t descriptors() {
  DIR* dir = opendir("/proc/self/fd");
  size_t count = 0;
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
}

size_t threads() {
  DIR* dir = opendir("/proc/self/task");
  size_t count = 0;
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
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

// A copy of the OpenSSL library that nobody but the test's own programs uses.
class TemporaryLibrary {
 public:
  TemporaryLibrary() {
    char directory[] = "/tmp/qtap-live-XXXXXX";
    REQUIRE(mkdtemp(directory) != nullptr);
    directory_ = directory;
    Child cp(
        {"sh", "-c", "cp -L \"$(ldconfig -p | awk '/libssl.so.3 /{print $NF; exit}')\" " + path()});
    cp.read_line();
    while (!cp.ended()) usleep(5000);
  }
  ~TemporaryLibrary() {
    unlink(path().c_str());
    rmdir(directory_.c_str());
  }
  TemporaryLibrary(const TemporaryLibrary&) = delete;
  TemporaryLibrary& operator=(const TemporaryLibrary&) = delete;

  const std::string& directory() const { return directory_; }
  std::string path() const { return directory_ + "/libssl.so.3"; }

 private:
  std::string directory_;
};

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
    CHECK(hello.bytes.size() <= 2048);
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

TEST_SUITE("bpf/live_probe") {
  TEST_CASE("curl over TLS is seen from both ends, in plain text, on the right connection") {
    check_https(options());
  }

  TEST_CASE("the programs for kernels without uprobe_multi and bpf_loop see the same") {
    auto live = options();
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

  TEST_CASE("one SSL_write of 1 MiB and of 8 MiB arrives whole") {
    auto live = options();
    live.ring_bytes = 64u << 20;
    SUBCASE("1 MiB") {
      check_large_write(live, 1u << 20);
    }
    SUBCASE("8 MiB") {
      check_large_write(live, 8u << 20);
    }
  }

  TEST_CASE("what one call has beyond max_call_bytes is a flagged and counted gap") {
    auto live = options();
    live.max_call_bytes = 100'000;
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    const pid_t client = run(capture, python("post", {port, "250000"}));
    const auto streams = capture.streams(client, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    const auto sent = capture.assemble(streams[0], Direction::kSent);
    CHECK(sent.missing == 150'000);
    CHECK(sent.contiguous);
    const auto data = capture.of(RecordType::kData, client);
    const auto gap = std::find_if(data.begin(), data.end(),
                                  [](const Kept* kept) { return kept->record.truncated; });
    REQUIRE(gap != data.end());
    CHECK((*gap)->record.full_len == 150'000);
    CHECK((*gap)->bytes.empty());
    CHECK(capture.lost(QTAP_LOSS_CALL_LIMIT) == 1);
  }

  TEST_CASE("a full ring loses records, and says how many and where") {
    auto live = options();
    live.ring_bytes = 64u << 10;
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    Child client(python("post", {port, "1000000"}));
    while (!client.ended()) usleep(1000);  // nobody reads the ring meanwhile
    capture.settle();
    CHECK(capture.lost(QTAP_LOSS_RING_FULL) > 0);
    capture.stop();
    const auto losses = capture.of(RecordType::kLoss);
    REQUIRE(!losses.empty());
    CHECK(losses.back()->record.lost_bytes[QTAP_LOSS_RING_FULL] > 800'000);
  }

  TEST_CASE("a connection whose opening found the ring full is told with its next bytes") {
    auto live = options();
    live.ring_bytes = 64u << 10;
    Child server(python("server"));
    const std::string port = server.read_line();
    Capture capture(live);
    // Nobody reads the ring meanwhile. The smallest records fill it to the last byte.
    Child filler(python("connections", {"1000"}));
    while (!filler.ended()) usleep(1000);
    Child client(python("keep_alive", {port}));
    REQUIRE(client.read_line() == "connected");
    auto quiet = std::make_unique<Child>(python("keep_alive", {port}));
    const pid_t quiet_pid = quiet->pid();
    REQUIRE(quiet->read_line() == "connected");
    capture.settle();
    const uint64_t full_ns = capture.of(RecordType::kLoss).back()->record.time_ns;
    REQUIRE(capture.lost(QTAP_LOSS_RING_FULL) > 0);
    REQUIRE(capture.first(RecordType::kOpen, client.pid()) == nullptr);
    client.write_line("/77");
    CHECK(capture.poll_until(
        [&] { return capture.first(RecordType::kOpen, client.pid()) != nullptr; }));
    const Kept* open = capture.first(RecordType::kOpen, client.pid());
    REQUIRE(open != nullptr);
    CHECK(open->record.role == Role::kClient);
    CHECK(open->record.remote.port == std::stoi(port));
    // Connecting did not take until now.
    CHECK(open->record.start_ns > 0);
    CHECK(open->record.time_ns < full_ns);
    CHECK(capture.of(RecordType::kOpen, client.pid()).size() == 1);
    // Who says nothing more is told about when its connection ends.
    CHECK(capture.first(RecordType::kOpen, quiet_pid) == nullptr);
    quiet.reset();
    CHECK(capture.poll_until(
        [&] { return capture.first(RecordType::kClose, quiet_pid) != nullptr; }));
    const Kept* late_open = capture.first(RecordType::kOpen, quiet_pid);
    REQUIRE(late_open != nullptr);
    CHECK(late_open->record.remote.port == std::stoi(port));
  }

  TEST_CASE("plain HTTP is copied in full") {
    Child server(python("server"));
    const std::string port = server.read_line();
    Capture capture(options());
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

  TEST_CASE("a non-blocking connect is told when it has succeeded, with the time that it took") {
    Capture capture(options());
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
    Capture capture(options());
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

  TEST_CASE("every socket call is understood: peeks once, segments in order, sendfile as a gap") {
    Capture capture(options());
    const pid_t pid = run(capture, python("calls"));
    const auto opens = capture.of(RecordType::kOpen, pid);
    REQUIRE(opens.size() == 2);
    for (const Kept* open : opens) {
      const bool client = open->record.role == Role::kClient;
      const auto bytes =
          capture.assemble(open->record.conn_key, client ? Direction::kSent : Direction::kReceived);
      CHECK(bytes.bytes.starts_with("GET /abcdefghijklmno"));
      CHECK(bytes.bytes.size() == 20 + 70000);
      CHECK(bytes.contiguous);
      CHECK(bytes.missing == (client ? 70000u : 0u));
      if (!client) CHECK((bytes.bytes.substr(20) == std::string(70000, 'z')));
      const Kept* close = capture.close_of(open->record.conn_key);
      REQUIRE(close != nullptr);
      CHECK(close->record.total_bytes[client ? 0 : 1] == 70020);
    }
  }

  TEST_CASE("of an unknown protocol the first bytes are copied and the rest is counted") {
    auto live = options();
    live.unknown_bytes = 1000;
    Capture capture(live);
    const pid_t pid = run(capture, python("binary"));
    const auto opens = capture.of(RecordType::kOpen, pid);
    REQUIRE(opens.size() == 2);
    for (const Kept* open : opens) {
      const Kept* close = capture.close_of(open->record.conn_key);
      REQUIRE(close != nullptr);
      CHECK(close->record.total_bytes == std::array<uint64_t, 2>{300'000, 300'000});
      CHECK(close->record.filtered_bytes == std::array<uint64_t, 2>{299'000, 299'000});
      CHECK(capture.assemble(open->record.conn_key, Direction::kSent).bytes.size() == 1000);
    }
    CHECK(!capture.of(RecordType::kCount, pid).empty());
  }

  TEST_CASE("a stream on memory BIOs is delivered but never bound to a socket") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(options());
    const pid_t client = run(capture, python("memory_bio", {port}));
    CHECK(capture.of(RecordType::kBind, client).empty());
    const auto streams = capture.streams(client, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    CHECK(capture.assemble(streams[0], Direction::kSent).bytes.starts_with("GET /5 "));
    CHECK(capture.assemble(streams[0], Direction::kReceived).bytes.starts_with("HTTP/1.1 200"));
    for (const Kept* kept : capture.of(RecordType::kData, client)) {
      if (kept->record.stream_kind == StreamKind::kOpenssl) CHECK(kept->record.conn_key == 0);
    }
    const Kept* open = capture.first(RecordType::kOpen, client);
    REQUIRE(open != nullptr);
    REQUIRE(capture.close_of(open->record.conn_key) != nullptr);
    CHECK(capture.close_of(open->record.conn_key)->record.tls);
  }

  TEST_CASE(
      "what a callback writes to other sockets from inside SSL_* is not taken for the stream's "
      "socket") {
    Capture capture(options());
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

  TEST_CASE("a sink that takes one record at a time gets every record once and in order") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(options());
    capture.one_at_a_time = true;
    const pid_t curl =
        run(capture, {"curl", "-sk", "-o", "/dev/null", "https://127.0.0.1:" + port + "/300"});
    const auto streams = capture.streams(curl, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    const auto response = capture.assemble(streams[0], Direction::kReceived);
    CHECK(response.bytes.ends_with(pattern(300)));
    CHECK(response.contiguous);
    // Who it is; and again when looks into it found no library yet, or one.
    const auto introductions = capture.of(RecordType::kProcessInfo, curl);
    REQUIRE(!introductions.empty());
    CHECK(introductions.size() <= 3);
    CHECK(introductions[0]->record.tls_library == TlsLibrary::kUnknown);
    CHECK(capture.of(RecordType::kExit, curl).size() == 1);
  }

  TEST_CASE("time, losses and late libraries do not wait until a busy ring is empty") {
    struct Counter : source::RecordSink {
      bool on_record(const Record& record) override {
        records += record.type != RecordType::kTick && record.type != RecordType::kLoss;
        losses += record.type == RecordType::kLoss;
        if (record.type == RecordType::kTick) {
          ++ticks;
          CHECK(record.time_ns == latest_ns);
        } else {
          latest_ns = std::max(latest_ns, record.time_ns);
        }
        return true;
      }
      int records = 0;
      int losses = 0;
      int ticks = 0;
      uint64_t latest_ns = 0;
    };
    const TemporaryLibrary library;
    auto live = options();
    live.ring_bytes = 64u << 10;
    live.library_directories = {"/nonexistent"};
    Capture capture(live);
    const size_t attached = capture.source().attached().size();
    Child late({"/usr/bin/env", "LD_PRELOAD=" + library.path(), "/usr/bin/sleep", "60"});
    Child filler(python("connections", {"1000"}));  // more than the ring holds
    while (!filler.ended()) usleep(1000);
    Counter counter;
    constexpr int kPolls = 20;  // far less than there is
    for (int i = 0; i < kPolls; ++i) {
      if (i == 10) usleep(300'000);  // a tick becomes due
      const auto delivered = capture.source().poll(counter, 5);
      REQUIRE(delivered.ok());
      CHECK(*delivered <= 5);
    }
    CHECK(counter.ticks >= 1);
    CHECK(counter.losses >= 1);
    CHECK(capture.source().attached().size() > attached);
    const int told = counter.records;
    REQUIRE(capture.source().poll(counter, 5).ok());
    CHECK(counter.records > told);  // it was not empty
  }

  TEST_CASE("a connection that is older than the capture is seen from its next request on") {
    Child server(python("server"));
    const std::string port = server.read_line();
    Child client(python("keep_alive", {port}));
    REQUIRE(client.read_line() == "connected");
    Capture capture(options());
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
      CHECK(open->record.role == Role::kUnknown);
      CHECK(open->record.start_ns == 0);
      const auto request = capture.assemble(
          open->record.conn_key, pid == client.pid() ? Direction::kSent : Direction::kReceived);
      CHECK(request.bytes.starts_with("GET /77 HTTP/1.1\r\n"));
      CHECK(request.missing == 0);
      CHECK(capture.first(RecordType::kProcessInfo, pid) != nullptr);
    }
  }

  TEST_CASE("a TLS connection that is older than the capture is bound to its socket") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Child client(python("keep_alive", {port, "tls"}));
    REQUIRE(client.read_line() == "connected");
    Capture capture(options());
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

  TEST_CASE("a process has one EXEC per image and one EXIT, whatever its threads do") {
    Capture capture(options());
    const pid_t pid = run(capture, python("threads"));
    CHECK(capture.of(RecordType::kExec, pid).size() == 1);
    const auto exits = capture.of(RecordType::kExit, pid);
    REQUIRE(exits.size() == 1);
    CHECK(WEXITSTATUS(exits[0]->record.exit_code) == 7);
    std::set<std::string> children;
    for (const Kept* kept : capture.of(RecordType::kExit)) {
      if (kept->record.ppid == static_cast<uint32_t>(pid)) {
        children.insert(kept->comm + " " + std::to_string(WEXITSTATUS(kept->record.exit_code)));
      }
    }
    CHECK(children == std::set<std::string>{"python3 3", "true 0"});
    const Kept* exec = capture.first(RecordType::kExec, pid);
    CHECK(exec->exe == "/usr/bin/python3");
    CHECK(exec->record.start_ns > 0);
    CHECK(exec->record.start_ns == exits[0]->record.start_ns);
    const Kept* who = capture.first(RecordType::kProcessInfo, pid);
    REQUIRE(who != nullptr);
    CHECK(who->record.start_ns == exec->record.start_ns);
    CHECK(who->exe.starts_with("/usr/bin/python3."));
  }

  TEST_CASE("our own traffic is not captured") {
    Capture capture(options());
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

  TEST_CASE("two sources in one process work side by side") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture one(options());
    auto sockets_only = options();
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
    const size_t descriptors_before = descriptors();
    const size_t threads_before = threads();
    KernelObjects objects;
    for (int i = 0; i < 10; ++i) {
      Capture capture(options());
      objects.add_held();
      if (i % 2 == 0) capture.stop();
    }
    CHECK(descriptors() == descriptors_before);
    CHECK(threads() == threads_before);
    CHECK(objects.programs.size() >= 10 * 7);
    CHECK(objects.links.size() >= 10 * 5);
    // The kernel frees them after a grace period.
    for (int i = 0; i < 500 && objects.still_there() > 0; ++i) usleep(20'000);
    CHECK(objects.still_there() == 0);
  }

  TEST_CASE("the host's libbpf print function stays in place") {
    const libbpf_print_fn_t mine = [](libbpf_print_level, const char*, va_list) { return 0; };
    const libbpf_print_fn_t before = libbpf_set_print(mine);
    { Capture capture(options()); }
    const bool still_mine = libbpf_set_print(before) == mine;
    CHECK(still_mine);
  }

  TEST_CASE("without any OpenSSL library it runs and warns") {
    auto live = options();
    live.library_directories = {"/nonexistent"};
    live.search_processes = false;
    Capture capture(live);
    const auto warnings = capture.source().warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("no OpenSSL library found") != std::string::npos);
  }

  TEST_CASE("a library that is none is a warning that names it, and the rest works") {
    char directory[] = "/tmp/qtap-live-XXXXXX";
    REQUIRE(mkdtemp(directory) != nullptr);
    const std::string path = std::string(directory) + "/libssl.so.3";
    std::ofstream(path)
        << "not an ELF file at all, but long enough to hold the header of one, really long";
    auto live = options();
    live.library_directories = {directory};
    live.search_processes = false;
    Capture capture(live);
    const auto warnings = capture.source().warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find(path) != std::string::npos);
    unlink(path.c_str());
    rmdir(directory);
  }

  TEST_CASE("options that make no sense are refused by name") {
    auto live = options();
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
    Capture capture(options());
    const Status again = capture.source().start();
    REQUIRE_FALSE(again.ok());
    CHECK(again.error().status == QTAP_ERR_STATE);
  }

  TEST_CASE("an IPv4 client of a dual-stack listener has the same addresses on both ends") {
    Capture capture(options());
    const pid_t pid = run(capture, python("dual_stack"));
    const auto opens = capture.of(RecordType::kOpen, pid);
    REQUIRE(opens.size() == 2);
    CHECK(opens[0]->record.local == opens[1]->record.remote);
    CHECK(opens[0]->record.remote == opens[1]->record.local);
    CHECK(opens[1]->record.remote.family == AF_INET);
  }

  TEST_CASE("a library that nobody told us about is found when a program uses it") {
    const TemporaryLibrary library;
    auto live = options();
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
}

}  // namespace qtap::test
