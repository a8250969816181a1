// SPDX-License-Identifier: Apache-2.0
#include "http/h2_head.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "http/byte_scan.h"

namespace qtap::http {
namespace {

// RFC 9110, 5.6.2, without upper case (RFC 9113, 8.2.1).
constexpr std::array<bool, 256> kNameChars = [] {
  std::array<bool, 256> chars = {};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")) {
    chars[static_cast<unsigned char>(c)] = true;
  }
  return chars;
}();

bool is_name(std::string_view name) {
  if (is_lower_or_hyphen(name)) return true;
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return kNameChars[static_cast<unsigned char>(c)];
  });
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

bool is_value(std::string_view value) {
  if (value.empty()) return true;
  if (is_space(value.front()) || is_space(value.back())) return false;
  // Most have no byte up to the highest of these.
  return !has_byte_below(value, '\r' + 1) || std::none_of(value.begin(), value.end(), [](char c) {
    return c == '\0' || c == '\r' || c == '\n';
  });
}

// As ==, which calls memcmp(), as it does not know the length.
template <size_t kSize>
bool is(std::string_view name, const char (&known)[kSize]) {
  return name.size() == kSize - 1 && std::memcmp(name.data(), known, kSize - 1) == 0;
}

// RFC 9110, 8.6: digits only, and no number that 63 bits do not hold.
std::optional<uint64_t> read_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  return length;
}

std::optional<int> read_status(std::string_view text) {
  const std::optional<uint64_t> code = read_length(text);
  if (text.size() != 3 || !code || *code < 100) return std::nullopt;
  return static_cast<int>(*code);
}

}  // namespace

// RFC 9113, 8.3.1 and 8.5; RFC 8441, 4.
bool is_sound_h2_request(const H2Head& head) {
  if (head.malformed || head.has(kH2Status)) return false;
  if (head.unknown_fields > 0) return true;
  if (!head.has(kH2Method) || head.method.empty()) return false;
  if (head.method == "CONNECT" && !head.has(kH2Protocol)) {
    return head.has(kH2Authority) && (head.pseudo & (kH2Scheme | kH2Path)) == 0;
  }
  if (head.has(kH2Protocol) && head.method != "CONNECT") return false;
  return head.has(kH2Scheme | kH2Path) && !head.path.empty();
}

// RFC 9113, 8.3.2; 101 is not in HTTP/2 (8.6).
bool is_sound_h2_response(const H2Head& head) {
  if (head.malformed || (head.pseudo & kH2RequestPseudo) != 0) return false;
  if (!head.has(kH2Status)) return head.unknown_fields > 0;
  return head.status && *head.status != 101;
}

bool is_sound_h2_trailers(const H2Head& head) {
  return !head.malformed && head.pseudo == 0;
}

std::string_view h2_field_block(const H2FrameHeader& header, std::string_view payload) {
  constexpr size_t kPriorityBytes = 5;  // RFC 9113, 6.2
  constexpr size_t kPromisedBytes = 4;  // RFC 9113, 6.6
  size_t padding = 0;
  size_t skip = 0;
  if (!header.is(H2Type::kContinuation) && header.has(kH2Padded)) {
    if (payload.empty()) return {};
    padding = static_cast<uint8_t>(payload.front());
    skip = 1;
  }
  if (header.is(H2Type::kHeaders) && header.has(kH2Priority)) skip += kPriorityBytes;
  if (header.is(H2Type::kPushPromise)) skip += kPromisedBytes;
  if (skip + padding > payload.size()) return {};
  // An empty block is one, too.
  return {payload.data() == nullptr ? "" : payload.data() + skip, payload.size() - skip - padding};
}

void H2HeadReader::begin(bool exact, uint64_t max_bytes) {
  // Costs a fraction of assigning an empty one, for each head.
  std::destroy_at(&head_);
  std::construct_at(&head_);
  room_ = max_bytes;
  exact_ = exact;
  in_regular_ = false;
}

// A field that does not fit is left out as a whole: half a value would be a false one.
bool H2HeadReader::fits(size_t bytes) {
  if (bytes > room_) {
    room_ = 0;
    head_.over_limit = true;
    return false;
  }
  room_ -= bytes;
  return true;
}

void H2HeadReader::on_unknown_field() {
  ++head_.unknown_fields;
  if (fits(0)) head_.fields.push_back({});
}

void H2HeadReader::on_field(std::string_view name, std::string_view value) {
  if (name.empty() && !exact_) {
    ++head_.unknown_fields;
    if (fits(value.size())) head_.fields.push_back({{}, value});
    return;
  }
  const bool is_pseudo = name.starts_with(':');
  if (!is_value(value) || (!is_pseudo && !is_name(name))) {
    head_.malformed = true;
    saw_bad_text_ = true;
  }
  is_pseudo ? on_pseudo(name, value) : on_regular(name, value);
}

// It has been through on_field() before, or is in the table that all have.
void H2HeadReader::on_field_again(std::string_view name, std::string_view value) {
  if (saw_bad_text_) return on_field(name, value);
  name.starts_with(':') ? on_pseudo(name, value) : on_regular(name, value);
}

void H2HeadReader::on_regular(std::string_view name, std::string_view value) {
  in_regular_ = true;
  check_framing(name, value);
  if (fits(name.size() + value.size())) head_.fields.add(name, value);
}

// RFC 9113, 8.2.2: no fields of the connection, which HTTP/2 has its own ways for. Few names are as
// long as any of these.
void H2HeadReader::check_framing(std::string_view name, std::string_view value) {
  bool is_of_connection = false;
  switch (name.size()) {
    case 2:
      is_of_connection = is(name, "te") && value != "trailers";
      break;
    case 7:
      is_of_connection = is(name, "upgrade");
      break;
    case 10:
      is_of_connection = is(name, "connection") || is(name, "keep-alive");
      break;
    case 14:
      if (is(name, "content-length")) take_length(value);
      break;
    case 16:
      is_of_connection = is(name, "proxy-connection");
      break;
    case 17:
      is_of_connection = is(name, "transfer-encoding");
      break;
    default:
      break;
  }
  if (is_of_connection) head_.malformed = true;
}

void H2HeadReader::take_length(std::string_view value) {
  const std::optional<uint64_t> length = read_length(value);
  if (!length || (head_.content_length && head_.content_length != length)) head_.malformed = true;
  head_.content_length = length;
}

// RFC 9113, 8.3: before all other fields, once each, and none that is not defined.
void H2HeadReader::on_pseudo(std::string_view name, std::string_view value) {
  if (in_regular_) head_.malformed = true;
  switch (name.size()) {
    case 5:
      if (is(name, ":path")) return set(kH2Path, head_.path, value);
      break;
    case 7:
      if (is(name, ":method")) return set(kH2Method, head_.method, value);
      if (is(name, ":scheme")) return set(kH2Scheme, head_.scheme, value);
      if (is(name, ":status")) return set_status(value);
      break;
    case 9:
      if (is(name, ":protocol")) return set(kH2Protocol, head_.protocol, value);
      break;
    case 10:
      if (is(name, ":authority")) return set(kH2Authority, head_.authority, value);
      break;
    default:
      break;
  }
  head_.malformed = true;
}

void H2HeadReader::set(H2Pseudo which, std::string& into, std::string_view value) {
  if (take_pseudo(which, value)) into = std::string(value);  // cheaper than assigning
}

void H2HeadReader::set_status(std::string_view value) {
  head_.status = take_pseudo(kH2Status, value) ? read_status(value) : std::nullopt;
}

bool H2HeadReader::take_pseudo(H2Pseudo which, std::string_view value) {
  if (head_.has(which)) head_.malformed = true;
  head_.pseudo |= which;
  return fits(value.size());
}

}  // namespace qtap::http
