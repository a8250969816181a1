// SPDX-License-Identifier: Apache-2.0
#include "s3/request.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "s3/limits.h"
#include "s3/timestamp.h"
#include "s3/uri.h"

namespace qtap::s3 {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
}

constexpr auto kTokenBytes = [] {
  std::array<bool, 256> table = {};
  for (size_t c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (size_t c = '0'; c <= '9'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_token_byte(char c) {
  return kTokenBytes[static_cast<unsigned char>(c)];
}

Status check_token(std::string_view what, std::string_view text, size_t limit) {
  if (text.empty()) return wrong_at(what, 0, "is empty");
  if (text.size() > limit) {
    return Error(QTAP_ERR_LIMIT, std::string(what) + ": has " + std::to_string(text.size()) +
                                     " bytes, more than " + std::to_string(limit));
  }
  const auto bad = std::find_if_not(text.begin(), text.end(), is_token_byte);
  if (bad == text.end()) return {};
  return wrong_at(what, static_cast<size_t>(bad - text.begin()), "is not allowed in a token");
}

Status check_target(std::string_view target, const Rules& rules) {
  if (target.size() > kMaxTargetBytes) {
    return Error(QTAP_ERR_LIMIT, "target: has " + std::to_string(target.size()) +
                                     " bytes, more than " + std::to_string(kMaxTargetBytes));
  }
  if (!target.starts_with('/')) {
    return wrong_at("target", 0, "expected \"/\": a path, without scheme and host");
  }
  for (size_t at = 0; at < target.size(); ++at) {
    if (is_control(target[at])) return wrong_at("target", at, "a control character; escape it");
    if (target[at] == '#') return wrong_at("target", at, "a fragment is not sent; write %23 for #");
  }
  const size_t query = std::min(target.find('?'), target.size());
  if (!rules.encode_twice) {
    if (const auto bad = bad_escape(target.substr(0, query))) {
      return wrong_at("target", *bad, "% without two hex digits; write %25 for %");
    }
  }
  if (const auto bad = bad_escape(target.substr(query))) {
    return wrong_at("target", query + *bad, "% without two hex digits; write %25 for %");
  }
  if (std::count(target.begin(), target.end(), '&') >=
      static_cast<std::ptrdiff_t>(kMaxQueryParameters)) {
    return Error(QTAP_ERR_LIMIT,
                 "target: has more than " + std::to_string(kMaxQueryParameters) + " parameters");
  }
  return {};
}

bool is_value_byte(char c) {
  return !is_control(c) || c == '\t';
}

// Tells where, once it is known that something is wrong.
Error wrong_header(const HeaderView& header, size_t index) {
  const std::string number = "header " + std::to_string(index);
  if (auto name = check_token(number + ": name", header.name, kMaxHeaderNameBytes); !name) {
    return std::move(name).error();
  }
  const std::string what = number + " (" + std::string(header.name) + ")";
  if (header.value.size() > kMaxHeaderValueBytes) {
    return {QTAP_ERR_LIMIT, what + ": has " + std::to_string(header.value.size()) +
                                " bytes, more than " + std::to_string(kMaxHeaderValueBytes)};
  }
  const auto bad = std::find_if_not(header.value.begin(), header.value.end(), is_value_byte);
  return wrong_at(what, static_cast<size_t>(bad - header.value.begin()),
                  "a control character, which no header may hold");
}

Status check_header(const HeaderView& header, size_t index) {
  const bool is_right = is_token(header.name) && header.name.size() <= kMaxHeaderNameBytes &&
                        header.value.size() <= kMaxHeaderValueBytes &&
                        std::all_of(header.value.begin(), header.value.end(), is_value_byte);
  if (is_right) return {};
  return wrong_header(header, index);
}

Status check_headers(std::span<const HeaderView> headers) {
  size_t hosts = 0;
  if (headers.size() > kMaxHeaders) {
    return Error(QTAP_ERR_LIMIT, "headers: " + std::to_string(headers.size()) +
                                     " of them, more than " + std::to_string(kMaxHeaders));
  }
  for (size_t i = 0; i < headers.size(); ++i) {
    QTAP_CHECK(check_header(headers[i], i));
    if (equal_ignoring_case(headers[i].name, "authorization")) {
      return Error(QTAP_ERR_INVALID,
                   "header " + std::to_string(i) +
                       " (Authorization): the request is signed already; leave it out");
    }
    if (equal_ignoring_case(headers[i].name, "host") && !headers[i].value.empty()) ++hosts;
  }
  if (hosts == 1) return {};
  return Error(QTAP_ERR_INVALID, hosts == 0 ? "headers: Host is missing; it is always signed"
                                            : "headers: Host is there more than once");
}

Status check_payload(const Payload& payload) {
  if (!payload.sha256.empty()) {
    if (payload.sha256.size() != 64) {
      return Error(QTAP_ERR_INVALID, "payload hash: has " + std::to_string(payload.sha256.size()) +
                                         " bytes, expected 64 hex digits");
    }
    const size_t bad = payload.sha256.find_first_not_of("0123456789abcdef");
    if (bad != std::string_view::npos) {
      return wrong_at("payload hash", bad, "expected a hex digit, in lower case");
    }
  }
  if (has_trailers(payload.kind) == payload.trailers.empty() && is_chunked(payload.kind)) {
    return Error(QTAP_ERR_INVALID, payload.trailers.empty()
                                       ? "trailers: this kind of payload needs the name of one"
                                       : "trailers: this kind of payload has none");
  }
  if (payload.trailers.size() > kMaxTrailers) {
    return Error(QTAP_ERR_LIMIT, "trailers: more than " + std::to_string(kMaxTrailers));
  }
  for (size_t i = 0; i < payload.trailers.size(); ++i) {
    const std::string what = "trailer " + std::to_string(i);
    QTAP_CHECK(check_token(what, payload.trailers[i], kMaxHeaderNameBytes));
    if (payload.trailers[i] != lower(payload.trailers[i])) {
      return Error(QTAP_ERR_INVALID, what + ": expected lower case");
    }
  }
  return {};
}

}  // namespace

Error wrong_at(std::string_view what, size_t byte, std::string_view why) {
  std::string text(what);
  text += ": byte ";
  text += std::to_string(byte);
  text += ": ";
  text += why;
  return {QTAP_ERR_INVALID, std::move(text)};
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

// botocore's list (auth.py, SIGNED_HEADERS_BLACKLIST); accept-encoding because Google's front end
// rewrites it before it checks signatures.
bool is_never_signed(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNever = {
      "accept-encoding", "connection", "expect",         "te", "trailer", "transfer-encoding",
      "upgrade",         "user-agent", "x-amzn-trace-id"};
  return std::find(kNever.begin(), kNever.end(), name) != kNever.end();
}

Status check_request(const Request& request, const Rules& rules) {
  QTAP_CHECK(check_token("method", request.method, kMaxMethodBytes));
  QTAP_CHECK(check_target(request.target, rules));
  QTAP_CHECK(check_headers(request.headers));
  QTAP_CHECK(check_payload(request.payload));
  if (request.time_s < kFirstSecond || request.time_s > kLastSecond) {
    return Error(QTAP_ERR_INVALID, "time: is not in the years 0 to 9999");
  }
  return {};
}

}  // namespace qtap::s3
