// SPDX-License-Identifier: Apache-2.0
#include "s3/surroundings.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "s3/process.h"

namespace qtap::s3 {
namespace {

// Files of credentials and tokens have some KiB; what is larger is another file.
constexpr size_t kMaxFileBytes = 1 << 20;

Result<std::string> read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return Error(errno == ENOENT || errno == ENOTDIR ? QTAP_ERR_NOTFOUND : QTAP_ERR_IO,
                 "read " + path + ": " + strerror(errno));
  }
  std::string text(kMaxFileBytes + 1, '\0');
  size_t used = 0;
  while (used < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error(QTAP_ERR_IO, "read " + path + ": " + strerror(errno));
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  if (used > kMaxFileBytes) return Error(QTAP_ERR_LIMIT, "read " + path + ": has more than 1 MiB");
  text.resize(used);
  return text;
}

std::optional<std::string> variable(const char* name) {
  const char* value = ::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

void wait(int64_t ns) {
  timespec rest = {ns / 1'000'000'000, ns % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) {
  }
}

}  // namespace

Surroundings real_surroundings(HttpFetch fetch) {
  Surroundings out;
  out.variable = variable;
  out.read_file = read_file;
  out.now_s = [] { return clock_ns(CLOCK_REALTIME) / 1'000'000'000; };
  out.random = [](uint32_t below) { return static_cast<uint32_t>(std::random_device()()) % below; };
  out.wait = wait;
  out.run = run_program;
  out.fetch = std::move(fetch);
  return out;
}

}  // namespace qtap::s3
