// SPDX-License-Identifier: Apache-2.0
// RESP2 and RESP3 (redis.io/docs/reference/protocol-spec): a client sends arrays of bulk strings,
// of which the first is the name of a command; each answer begins with a type and a line.
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr uint64_t kMaxElements = 1u << 20;  // multibulk limit of redis, networking.c
constexpr uint64_t kMaxBulk = 512u << 20;    // proto-max-bulk-len, its default
constexpr size_t kMaxName = 32;              // no command of redis or its modules is as long
constexpr size_t kMaxDigits = 20;
constexpr size_t kMaxLine = 512;  // of a simple string or an error

// "<type><digits>\r\n"; the bytes behind it remain in `rest`.
Verdict read_length(std::string_view& rest, char type, uint64_t max, uint64_t& value) {
  if (rest.empty()) return Verdict::kNeedMore;
  if (rest[0] != type) return Verdict::kNo;
  size_t at = 1;
  value = 0;
  for (; at < rest.size() && rest[at] >= '0' && rest[at] <= '9'; ++at) {
    value = value * 10 + static_cast<uint64_t>(rest[at] - '0');
    if (value > max || at > kMaxDigits) return Verdict::kNo;
  }
  const Verdict end = begins_with(rest.substr(at), "\r\n");
  if (end == Verdict::kNo || (at == 1 && at < rest.size())) return Verdict::kNo;
  if (end == Verdict::kYes) rest.remove_prefix(at + 2);
  return end;
}

Verdict read_bulk(std::string_view& rest, std::string_view& text) {
  uint64_t len = 0;
  const Verdict length = read_length(rest, '$', kMaxBulk, len);
  if (length != Verdict::kYes) return length;
  text = rest.substr(0, len);
  if (rest.size() < len) return Verdict::kNeedMore;
  const Verdict end = begins_with(rest.substr(len), "\r\n");
  if (end == Verdict::kYes) rest.remove_prefix(len + 2);
  return end;
}

// Letters first: "get", "CLIENT", "FT.SEARCH", "_JSON..." do not exist.
bool is_command(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  const bool is_letter = !name.empty() && ((name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z');
  return is_letter && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), fits);
}

// A line of digits, of a sign and digits, or of what the type says.
bool is_line_of(char type, std::string_view line) {
  const auto all_in = [&](std::string_view set) {
    return !line.empty() && line.find_first_not_of(set) == std::string_view::npos;
  };
  switch (type) {
    case '+':
      return !line.empty() && is_printable(line);
    case '-':  // an error code in capitals, then a text
      return !line.empty() && line[0] >= 'A' && line[0] <= 'Z' && is_printable(line);
    case ':':
    case '(':
      return all_in("+-0123456789");
    case '$':
    case '*':  // -1: nothing
      return line == "-1" || all_in("0123456789");
    case '_':
      return line.empty();
    case '#':
      return line == "t" || line == "f";
    case ',':
      return all_in("+-.0123456789eEinfa");
    default:  // RESP3: bulk errors, verbatim strings, maps, sets, pushes
      return std::string_view("!=%~>").find(type) != std::string_view::npos && all_in("0123456789");
  }
}

}  // namespace

Verdict redis_client(std::string_view client) {
  uint64_t count = 0;
  Verdict verdict = read_length(client, '*', kMaxElements, count);
  if (verdict != Verdict::kYes) return verdict;
  if (count == 0) return Verdict::kNo;
  for (uint64_t i = 0; i < count; ++i) {
    std::string_view text;
    verdict = read_bulk(client, text);
    if (verdict == Verdict::kNo) return verdict;
    if (i == 0 && !text.empty() && !is_command(text)) return Verdict::kNo;
    // A long value need not be there to the end: the name, and one length that fits, are.
    if (verdict == Verdict::kNeedMore) {
      return i > 1 || (i == 1 && !text.empty()) ? Verdict::kYes : verdict;
    }
    if (i == 0 && text.empty()) return Verdict::kNo;
  }
  return Verdict::kYes;
}

Verdict redis_server(std::string_view server, std::string_view /*client*/) {
  if (server.empty()) return Verdict::kNeedMore;
  if (std::string_view("+-:(_$*#,!=%~>").find(server[0]) == std::string_view::npos) {
    return Verdict::kNo;
  }
  const size_t end = server.find('\n');
  if (end == std::string_view::npos) {
    const bool may_be = server.size() <= kMaxLine &&
                        is_printable(server.substr(0, server.find('\r'))) &&
                        (server.find('\r') == std::string_view::npos || server.back() == '\r');
    return may_be ? Verdict::kNeedMore : Verdict::kNo;
  }
  if (end > kMaxLine || server[end - 1] != '\r') return Verdict::kNo;
  return end >= 2 && is_line_of(server[0], server.substr(1, end - 2)) ? Verdict::kYes
                                                                      : Verdict::kNo;
}

}  // namespace qtap::proto::l7
