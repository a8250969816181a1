// SPDX-License-Identifier: Apache-2.0
#include "proto/start_line.h"

#include <llhttp.h>

#include <algorithm>

namespace qtap::proto {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";

// Methods as llhttp knows them, which is the IANA registry and a few that are in use.
constexpr std::string_view kMethods[] = {
#define QTAP_METHOD(number, name, string) #string,
    HTTP_METHOD_MAP(QTAP_METHOD)
#undef QTAP_METHOD
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

StartLine start_of(std::string_view bytes) {
  if (bytes.starts_with(kVersion)) return StartLine::kResponse;
  if (kVersion.starts_with(bytes)) return StartLine::kNeedMore;
  bool may_become_method = false;
  for (const std::string_view method : kMethods) {
    if (bytes.size() > method.size()) {
      if (bytes.starts_with(method) && bytes[method.size()] == ' ') {
        // The HTTP/2 preface (RFC 9113, 3.4) looks like a method of its own.
        return method == "PRI" ? StartLine::kNone : StartLine::kRequest;
      }
    } else if (method.starts_with(bytes)) {
      may_become_method = true;
    }
  }
  return may_become_method ? StartLine::kNeedMore : StartLine::kNone;
}

StartLine whole_start_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const StartLine start = start_of(line);
  if (start == StartLine::kResponse) {
    // "HTTP/1.1 200", then a space or the end.
    const size_t status = kVersion.size() + 2;
    const bool fits = line.size() >= status + 3 && is_digit(line[kVersion.size()]) &&
                      line[kVersion.size() + 1] == ' ' &&
                      std::all_of(line.begin() + static_cast<ptrdiff_t>(status),
                                  line.begin() + static_cast<ptrdiff_t>(status) + 3, is_digit) &&
                      (line.size() == status + 3 || line[status + 3] == ' ');
    return fits ? StartLine::kResponse : StartLine::kNone;
  }
  if (start != StartLine::kRequest) return StartLine::kNone;
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  const std::string_view version = line.substr(last + 1);
  const bool fits = last > first + 1 && line.find(' ', first + 1) == last &&
                    version.size() == kVersion.size() + 1 && version.starts_with(kVersion) &&
                    is_digit(version.back());
  return fits ? StartLine::kRequest : StartLine::kNone;
}

}  // namespace qtap::proto
