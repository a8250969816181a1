// SPDX-License-Identifier: Apache-2.0
#include "probe/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <vector>

#include "probe/text_file.h"

namespace qtap::probe {
namespace {

// The hook has no user pointer; it is only set while its LibbpfLog holds the mutex.
constinit std::mutex g_hook_mutex;
constinit LibbpfLog* g_active = nullptr;
constinit libbpf_print_fn_t g_host_print = nullptr;

constexpr size_t kMaxReasonBytes = 400;

}  // namespace

struct LibbpfLog::Hook {
  static int print(enum libbpf_print_level level, const char* format, va_list args)
      __attribute__((format(printf, 2, 0))) {
    if (level != LIBBPF_WARN || g_active == nullptr) return 0;
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length <= 0) return 0;
    std::vector<char> text(static_cast<size_t>(length) + 1);
    vsnprintf(text.data(), text.size(), format, args);
    g_active->add({text.data(), static_cast<size_t>(length)});
    return 0;
  }
};

LibbpfLog::LibbpfLog(Print print) : print_(std::move(print)), alone_(g_hook_mutex) {
  g_active = this;
  g_host_print = libbpf_set_print(&Hook::print);
}

LibbpfLog::~LibbpfLog() {
  libbpf_set_print(g_host_print);
  g_active = nullptr;
  alone_.unlock();
  for (const std::string& line : lines_) print_(line);
}

std::string last_verifier_line(std::string_view text) {
  std::string_view line;
  std::string_view last;
  while (next_line(text, line)) {
    if (line.empty() || line.starts_with("processed ") || line.starts_with("libbpf:") ||
        line.starts_with("--") || line.starts_with(";")) {
      continue;
    }
    last = line;
  }
  return std::string(last.substr(0, kMaxReasonBytes));
}

void LibbpfLog::add(std::string_view text) {
  if (text.find("PROG LOAD LOG") != text.npos) {
    verifier_line_ = last_verifier_line(text);
    keep("verifier: " + verifier_line_);
    return;
  }
  std::string_view line;
  for (std::string_view rest = text; next_line(rest, line);) keep(line);
  if (!warning_.empty() || !next_line(text, line))
    return;  // the first one is the cause, others follow from it
  if (line.starts_with("libbpf: ")) line.remove_prefix(8);
  warning_ = std::string(line.substr(0, kMaxReasonBytes));
}

void LibbpfLog::keep(std::string_view line) {
  if (!print_ || line.empty() || lines_.size() >= kMaxLines) return;
  if (line.starts_with("libbpf: ")) line.remove_prefix(8);
  lines_.push_back("libbpf: " + std::string(line.substr(0, kMaxReasonBytes)));
}

std::string LibbpfLog::reason() const {
  return verifier_line_.empty() ? warning_ : verifier_line_;
}

}  // namespace qtap::probe
