// SPDX-License-Identifier: Apache-2.0
// libbpf prints through one hook per process. While a LibbpfLog lives the hook is ours and the text
// is kept for the error message and for whoever wants to print it; then the host's hook is put
// back. Only one lives at a time: others wait.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::probe {

class LibbpfLog {
 public:
  // Gets a line of text; empty: nobody does.
  using Print = std::function<void(const std::string& line)>;
  // What is kept for it, of one LibbpfLog: a failure takes a few lines.
  static constexpr size_t kMaxLines = 64;

  // `print` is called by the destructor, when the hook is free again: a host may use libbpf in it.
  explicit LibbpfLog(Print print = nullptr);
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  // What explains a failure best: the last line of the verifier's log, or else libbpf's last
  // warning. May be empty.
  std::string reason() const;

  struct Hook;  // the C side

 private:
  void add(std::string_view text);
  void keep(std::string_view line);

  Print print_;
  std::vector<std::string> lines_;
  std::unique_lock<std::mutex> alone_;
  std::string verifier_line_;
  std::string warning_;
};

// The last line that says something, of a text that holds a verifier log.
std::string last_verifier_line(std::string_view text);

}  // namespace qtap::probe
