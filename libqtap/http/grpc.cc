// SPDX-License-Identifier: Apache-2.0
#include "http/grpc.h"

#include <limits>

#include "base/text.h"

namespace qtap::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<uint64_t> number(std::string_view digits, size_t max_digits) {
  if (digits.empty() || digits.size() > max_digits) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// TimeoutUnit of PROTOCOL-HTTP2.md, in nanoseconds; 0: none of them.
int64_t unit_ns(char unit) {
  switch (unit) {
    case 'H':
      return 3600'000'000'000;
    case 'M':
      return 60'000'000'000;
    case 'S':
      return 1'000'000'000;
    case 'm':
      return 1'000'000;
    case 'u':
      return 1000;
    case 'n':
      return 1;
    default:
      return 0;
  }
}

}  // namespace

GrpcType grpc_type(std::string_view content_type) {
  // The longest first: each is the beginning of the next.
  constexpr struct {
    std::string_view name;
    GrpcKind kind;
  } kNames[] = {{"application/grpc-web-text", GrpcKind::kWebText},
                {"application/grpc-web", GrpcKind::kWeb},
                {"application/grpc", GrpcKind::kGrpc}};
  const std::string_view essence = trimmed(content_type.substr(0, content_type.find(';')));
  constexpr std::string_view kAll = kNames[2].name;  // each begins with it
  if (!equal_ignoring_case(essence.substr(0, kAll.size()), kAll)) return {};
  const std::string type = lower(essence);
  for (const auto& [name, kind] : kNames) {
    if (!type.starts_with(name)) continue;
    const std::string_view rest = std::string_view(type).substr(name.size());
    if (rest.empty()) return {kind, "proto"};
    if (rest.front() == '+' && rest.size() > 1) return {kind, std::string(rest.substr(1))};
    return {};
  }
  return {};
}

// The method is the part behind the last slash: a service may be served below a prefix.
std::optional<GrpcCall> grpc_call(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (path.empty() || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == path.size()) {
    return std::nullopt;
  }
  return GrpcCall{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

GrpcStatus grpc_status(const FieldList& headers, const FieldList& trailers) {
  GrpcStatus status;
  auto code = find_field(trailers, "grpc-status");
  status.trailers_only = !code && find_field(headers, "grpc-status");
  const FieldList& fields = status.trailers_only ? headers : trailers;
  if (status.trailers_only) code = find_field(headers, "grpc-status");
  // Nine digits are always a uint32_t; no code has more than two.
  if (code) {
    if (const auto value = number(trimmed(*code), 9)) status.code = static_cast<uint32_t>(*value);
  }
  if (const auto message = find_field(fields, "grpc-message")) {
    status.message = grpc_decode_message(*message);
  }
  return status;
}

// doc/statuscodes.md of grpc/grpc.
const char* grpc_status_name(uint32_t code) {
  static constexpr const char* kNames[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  return code < std::size(kNames) ? kNames[code] : "";
}

std::string grpc_decode_message(std::string_view encoded) {
  std::string out;
  out.reserve(encoded.size());
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '%' && encoded.size() - i > 2) {
      const int high = hex_digit(encoded[i + 1]);
      const int low = hex_digit(encoded[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    out.push_back(encoded[i]);
  }
  return out;
}

std::optional<int64_t> grpc_timeout_ns(std::string_view value) {
  value = trimmed(value);
  if (value.empty()) return std::nullopt;
  const int64_t unit = unit_ns(value.back());
  value.remove_suffix(1);
  const auto count = number(value, 8);  // TimeoutValue: at most 8 digits
  if (unit == 0 || !count) return std::nullopt;
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const int64_t amount = static_cast<int64_t>(*count);
  return amount > kMax / unit ? kMax : amount * unit;
}

std::string grpc_encoding(const FieldList& headers) {
  const auto value = find_field(headers, "grpc-encoding");
  const std::string_view name = value ? trimmed(*value) : std::string_view();
  return name.empty() ? "identity" : lower(name);
}

FieldList grpc_web_trailers(std::string_view block) {
  FieldList fields;
  while (!block.empty()) {
    const size_t end = block.find('\n');
    std::string_view line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) continue;
    fields.push_back({line.substr(0, colon), trimmed(line.substr(colon + 1))});
  }
  return fields;
}

}  // namespace qtap::http
