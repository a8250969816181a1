// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace qtap::test {
namespace {

constexpr int kDeadlineMs = 30000;

uint64_t boot_ns() {
  timespec t = {};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace

Capture::Capture(const probe::LiveOptions& options) {
  auto created = probe::LiveSource::create(options);
  REQUIRE_MESSAGE(created.ok(), (created.ok() ? "" : created.error().text));
  source_ = *std::move(created);
  const Status started = source_->start();
  REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().text));
}

bool Capture::on_record(const Record& record) {
  if (record.type == RecordType::kTick) {
    last_tick_ns_ = record.time_ns;
    return !one_at_a_time;
  }
  Kept kept;
  kept.record = record;
  kept.bytes.assign(record.bytes.begin(), record.bytes.end());
  kept.exe = record.exe;
  kept.comm = record.comm;
  kept.user = record.user;
  kept.cgroup = record.cgroup;
  kept.record.bytes = {};
  kept.record.exe = kept.record.comm = kept.record.user = kept.record.cgroup = {};
  records_.push_back(std::move(kept));
  return !one_at_a_time;
}

bool Capture::poll_until(const std::function<bool()>& done) {
  const uint64_t deadline = boot_ns() + uint64_t{kDeadlineMs} * 1'000'000;
  while (!done()) {
    if (boot_ns() > deadline) return false;
    pollfd wait = {source_->fd(), POLLIN, 0};
    ::poll(&wait, 1, 50);
    const auto result = source_->poll(*this, one_at_a_time ? 1 : 1000);
    REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().text));
  }
  return true;
}

void Capture::settle() {
  const uint64_t now = boot_ns();
  CHECK(poll_until([&] { return last_tick_ns_ > now; }));
}

void Capture::stop() {
  source_->stop();
  while (true) {
    const auto result = source_->poll(*this, 1000);
    REQUIRE(result.ok());
    if (*result == 0) return;
  }
}

std::vector<const Kept*> Capture::of(RecordType type, pid_t pid) const {
  std::vector<const Kept*> found;
  for (const Kept& kept : records_) {
    if (kept.record.type != type) continue;
    if (pid == 0 || kept.record.pid == static_cast<uint32_t>(pid)) found.push_back(&kept);
  }
  return found;
}

const Kept* Capture::first(RecordType type, pid_t pid) const {
  const auto all = of(type, pid);
  return all.empty() ? nullptr : all.front();
}

const Kept* Capture::close_of(uint64_t conn_key) const {
  for (const Kept* kept : of(RecordType::kClose)) {
    if (kept->record.conn_key == conn_key) return kept;
  }
  return nullptr;
}

Assembled Capture::assemble(uint64_t stream_id, Direction direction) const {
  Assembled result;
  std::string have;
  uint64_t next = 0;
  for (const Kept* kept : of(RecordType::kData)) {
    const Record& record = kept->record;
    if (record.stream_id != stream_id || record.direction != direction) continue;
    if (record.offset != next) result.contiguous = false;
    next = record.offset + record.full_len;
    if (result.bytes.size() < next) {
      result.bytes.resize(next, '?');
      have.resize(next, 0);
    }
    std::copy(kept->bytes.begin(), kept->bytes.end(),
              result.bytes.begin() + static_cast<ptrdiff_t>(record.offset));
    std::fill_n(have.begin() + static_cast<ptrdiff_t>(record.offset), kept->bytes.size(), 1);
  }
  result.missing = static_cast<uint64_t>(std::count(have.begin(), have.end(), 0));
  return result;
}

std::vector<uint64_t> Capture::streams(pid_t pid, StreamKind kind) const {
  std::vector<uint64_t> ids;
  for (const Kept* kept : of(RecordType::kData, pid)) {
    const Record& record = kept->record;
    if (record.stream_kind != kind) continue;
    if (std::find(ids.begin(), ids.end(), record.stream_id) == ids.end())
      ids.push_back(record.stream_id);
  }
  return ids;
}

uint64_t Capture::lost(size_t cause) const {
  const auto all = of(RecordType::kLoss);
  return all.empty() ? 0 : all.back()->record.lost_records[cause];
}

Child::Child(const std::vector<std::string>& argv) {
  int in[2];
  int out[2];
  REQUIRE(pipe2(in, O_CLOEXEC) == 0);
  REQUIRE(pipe2(out, O_CLOEXEC) == 0);
  std::vector<char*> args;
  for (const std::string& arg : argv) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    execvp(args[0], args.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  in_ = in[1];
  out_ = out[0];
}

Child::~Child() {
  if (!ended()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  close(in_);
  close(out_);
}

std::string Child::read_line() {
  std::string line;
  char c = 0;
  while (read(out_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

void Child::write_line(const std::string& line) {
  const std::string text = line + "\n";
  CHECK(write(in_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

bool Child::ended() {
  if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return ended_;
}

std::string workload(const std::string& name) {
  return std::string(QTAP_SOURCE_ROOT) + "/tests/bpf/workloads/" + name + ".py";
}

std::vector<std::string> python(const std::string& name, std::vector<std::string> args) {
  std::vector<std::string> argv = {"/usr/bin/python3", workload(name)};
  argv.insert(argv.end(), args.begin(), args.end());
  return argv;
}

const std::vector<std::string>& certificate() {
  static const std::vector<std::string> paths = [] {
    char directory[] = "/tmp/qtap-live-XXXXXX";
    REQUIRE(mkdtemp(directory) != nullptr);
    const std::string base = directory;
    Child openssl({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + "/key.pem", "-out",
                   base + "/cert.pem", "-days", "2", "-subj", "/CN=localhost"});
    openssl.read_line();  // returns when it has closed its output
    while (!openssl.ended()) poll(nullptr, 0, 5);
    return std::vector<std::string>{base + "/cert.pem", base + "/key.pem"};
  }();
  return paths;
}

std::string pattern(size_t bytes) {
  std::string text(bytes, 0);
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i & 255);
  return text;
}

}  // namespace qtap::test
