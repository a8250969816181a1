// SPDX-License-Identifier: Apache-2.0
#include "http/start_line.h"

#include <llhttp.h>

#include <algorithm>

namespace qtap::http {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";

// The HTTP/2 preface (RFC 9113, 3.4) looks like a method of its own; some llhttp list it as one.
constexpr std::string_view kHttp2Preface = "PRI";

// Methods as llhttp knows them, which is the IANA registry and a few that are in use.
constexpr std::string_view kMethods[] = {
#define QTAP_METHOD(number, name, string) #string,
    HTTP_METHOD_MAP(QTAP_METHOD)
#undef QTAP_METHOD
};

constexpr size_t kLongestUnknown = 24;  // the longest of the registry has 17

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "HTTP/1.1 200", then a space or the end.
bool is_status_line(std::string_view line) {
  const size_t status = kVersion.size() + 2;
  if (line.size() < status + 3) return false;
  const std::string_view digits = line.substr(status, 3);
  return is_digit(line[status - 2]) && line[status - 1] == ' ' &&
         std::all_of(digits.begin(), digits.end(), is_digit) &&
         (line.size() == status + 3 || line[status + 3] == ' ');
}

constexpr size_t kNowhere = std::string_view::npos;

size_t find_status_line(std::string_view line) {
  size_t at = line.rfind(kVersion);
  while (at != kNowhere && !is_status_line(line.substr(at))) {
    at = at == 0 ? kNowhere : line.rfind(kVersion, at - 1);
  }
  return at;
}

size_t find_request_line(std::string_view line) {
  const size_t version_len = kVersion.size() + 1;
  if (line.size() < version_len + 2) return kNowhere;
  const std::string_view version = line.substr(line.size() - version_len);
  if (!version.starts_with(kVersion) || !is_digit(version.back())) return kNowhere;
  const size_t target_end = line.size() - version_len - 1;
  const size_t method_end = line.rfind(' ', target_end - 1);
  if (line[target_end] != ' ' || method_end == kNowhere) return kNowhere;
  if (method_end + 1 >= target_end) return kNowhere;
  const std::string_view before = line.substr(0, method_end);
  size_t longest = 0;
  for (const std::string_view method : kMethods) {
    if (method.size() > longest && before.ends_with(method) && method != kHttp2Preface) {
      longest = method.size();
    }
  }
  if (longest > 0) return method_end - longest;
  return looks_like_method(before) ? 0 : kNowhere;
}

}  // namespace

bool may_become_method(std::string_view bytes) {
  return bytes.size() <= kLongestUnknown && !bytes.starts_with('-') &&
         std::all_of(bytes.begin(), bytes.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

bool looks_like_method(std::string_view word) {
  return word.size() >= 3 && word != kHttp2Preface && may_become_method(word);
}

StartLine start_of(std::string_view bytes) {
  if (bytes.starts_with(kVersion)) return StartLine::kResponse;
  if (kVersion.starts_with(bytes)) return StartLine::kNeedMore;
  bool may_become_method = false;
  for (const std::string_view method : kMethods) {
    if (method == kHttp2Preface) continue;
    if (bytes.size() > method.size()) {
      if (bytes.starts_with(method) && bytes[method.size()] == ' ') return StartLine::kRequest;
    } else if (method.starts_with(bytes)) {
      may_become_method = true;
    }
  }
  return may_become_method ? StartLine::kNeedMore : StartLine::kNone;
}

size_t find_start_line(std::string_view line, StartLine wanted) {
  // What is not alone on its line must at least end as HTTP lines do.
  const bool ends_right = line.ends_with('\r');
  if (ends_right) line.remove_suffix(1);
  const size_t at =
      wanted == StartLine::kRequest ? find_request_line(line) : find_status_line(line);
  if (at == kNowhere || at == 0) return at;
  const bool is_mention = line[at - 1] == ' ' || line[at - 1] == '\t';
  return ends_right && !is_mention ? at : kNowhere;
}

bool may_be_cut(std::string_view request_line) {
  const std::string_view method = request_line.substr(0, request_line.find(' '));
  bool is_known = false;
  bool is_end = false;
  for (const std::string_view known : kMethods) {
    is_known |= known == method;
    is_end |= known.size() > method.size() && known.ends_with(method);
  }
  return is_end || !is_known;
}

}  // namespace qtap::http
