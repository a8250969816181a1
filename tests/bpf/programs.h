// SPDX-License-Identifier: Apache-2.0
// The programs that the live tests capture, and what these need.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace qtap::test {

// Looks every few milliseconds until `done` or half a minute has passed (machines under load);
// returns done().
bool wait_until(const std::function<bool()>& done);

// A child process with pipes for stdin and stdout; killed at the end.
class Child {
 public:
  explicit Child(const std::vector<std::string>& argv);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  std::string read_line();
  void write_line(const std::string& line);
  bool ended();  // without waiting
  void wait();   // fails the test when it does not end
  int status() const { return status_; }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int status_ = -1;
  bool ended_ = false;
};

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A copy of the OpenSSL library that nobody but the test's own programs uses.
class TemporaryLibrary {
 public:
  TemporaryLibrary();

  const std::string& directory() const { return directory_.path(); }
  std::string path() const { return directory() + "/libssl.so.3"; }

 private:
  TemporaryDirectory directory_;
};

std::string workload(const std::string& name);  // path of workloads/NAME.py
std::vector<std::string> python(const std::string& name, std::vector<std::string> args = {});
const std::vector<std::string>& certificate();  // {certificate, key}, made once
std::string pattern(size_t bytes);              // as in server.py

}  // namespace qtap::test
