// SPDX-License-Identifier: Apache-2.0
#include "programs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>

#include "source_root.h"

namespace qtap::test {

bool wait_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 5);
  }
  return true;
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

void Child::wait() {
  REQUIRE(wait_until([&] { return ended(); }));
}

TemporaryDirectory::TemporaryDirectory() : path_("/tmp/qtap-live-XXXXXX") {
  REQUIRE(mkdtemp(path_.data()) != nullptr);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

TemporaryLibrary::TemporaryLibrary() {
  Child cp(
      {"sh", "-c", "cp -L \"$(ldconfig -p | awk '/libssl.so.3 /{print $NF; exit}')\" " + path()});
  cp.wait();
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
  static const TemporaryDirectory directory;
  static const std::vector<std::string> paths = [] {
    const std::string& base = directory.path();
    Child openssl({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + "/key.pem", "-out",
                   base + "/cert.pem", "-days", "2", "-subj", "/CN=localhost"});
    openssl.wait();
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
