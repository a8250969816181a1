// SPDX-License-Identifier: Apache-2.0
#include "sink/otlp_reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <protozero/pbf_reader.hpp>

#include "base/base64.h"
#include "sink/send_outcome.h"

namespace qtap::sink {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr size_t kPrefix = 5;  // gRPC over HTTP2: a flag and the length

// Of grpc/doc/statuscodes.md, in their order.
constexpr std::array kNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
enum Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// OTLP specification, "OTLP/gRPC Response": these, and RESOURCE_EXHAUSTED with RetryInfo.
bool may_retry(int code, bool has_wait) {
  switch (code) {
    case kCancelled:
    case kDeadlineExceeded:
    case kAborted:
    case kOutOfRange:
    case kUnavailable:
    case kDataLoss:
      return true;
    default:
      return code == kResourceExhausted && has_wait;
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// grpc-message is percent-encoded.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_code = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                         hex_value(text[i + 2]) >= 0;
    if (!is_code) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

// The standard alphabet, with padding or without.
std::string base64_bytes(std::string_view text) {
  std::string other(text.substr(0, text.find('=')));
  std::replace(other.begin(), other.end(), '+', '-');
  std::replace(other.begin(), other.end(), '/', '_');
  return base64url_bytes(other).value_or("");
}

// Another's bytes may have any type in place of the one that a field should have.
constexpr uint32_t number_of(uint32_t field) {
  return protozero::tag_and_type(field, pbf_wire_type::varint);
}
constexpr uint32_t bytes_of(uint32_t field) {
  return protozero::tag_and_type(field, pbf_wire_type::length_delimited);
}

std::string_view view(pbf_reader& message) {
  const auto bytes = message.get_view();
  return {bytes.data(), bytes.size()};
}

void read_wait(std::string_view retry_info, RpcStatus& status) {
  pbf_reader info(retry_info.data(), retry_info.size());
  while (info.next(1, pbf_wire_type::length_delimited)) {  // retry_delay
    pbf_reader delay = info.get_message();
    int64_t seconds = 0;
    int32_t nanos = 0;
    while (delay.next()) {
      switch (delay.tag_and_type()) {
        case number_of(1):
          seconds = delay.get_int64();
          break;
        case number_of(2):
          nanos = delay.get_int32();
          break;
        default:
          delay.skip();
      }
    }
    constexpr int64_t kMaxSeconds = 3600;  // a store has its own bound, retry.max
    status.has_wait = true;
    status.wait = std::chrono::seconds(std::clamp<int64_t>(seconds, 0, kMaxSeconds)) +
                  std::chrono::nanoseconds(std::max(nanos, 0));
  }
}

void read_detail(pbf_reader any, RpcStatus& status) {
  std::string_view type;
  std::string_view value;
  while (any.next()) {
    switch (any.tag_and_type()) {
      case bytes_of(1):
        type = view(any);
        break;
      case bytes_of(2):
        value = view(any);
        break;
      default:
        any.skip();
    }
  }
  if (type.ends_with("/google.rpc.RetryInfo")) read_wait(value, status);
}

std::string in_words(int code, const std::string& message) {
  const std::string name = code >= 0 && static_cast<size_t>(code) < kNames.size()
                               ? kNames[static_cast<size_t>(code)]
                               : "gRPC status " + std::to_string(code);
  std::string why = message.empty() ? name : name + ": " + message;
  if (code == kUnauthenticated || code == kPermissionDenied) return "Access Denied (" + why + ")";
  if (code == kNotFound || code == kUnimplemented) return "Not found (" + why + ")";
  return why;
}

}  // namespace

std::string grpc_message(std::string_view message) {
  const auto size = static_cast<uint32_t>(message.size());
  std::string out(kPrefix, '\0');
  for (size_t i = 0; i < 4; ++i) out[1 + i] = static_cast<char>(size >> (24 - 8 * i));
  return out.append(message);
}

RpcStatus read_rpc_status(std::string_view bytes) {
  RpcStatus status;
  try {
    pbf_reader message(bytes.data(), bytes.size());
    while (message.next()) {
      switch (message.tag_and_type()) {
        case bytes_of(2):
          status.message = short_line(view(message));
          break;
        case bytes_of(3):
          read_detail(message.get_message(), status);
          break;
        default:
          message.skip();
      }
    }
  } catch (const protozero::exception&) {  // it is another's: a text, a page of a proxy
    return {};
  }
  return status;
}

OtlpRefusals read_otlp_refusals(std::string_view bytes) {
  OtlpRefusals refusals;
  try {
    pbf_reader message(bytes.data(), bytes.size());
    while (message.next(1, pbf_wire_type::length_delimited)) {  // partial_success
      pbf_reader partial = message.get_message();
      while (partial.next()) {
        switch (partial.tag_and_type()) {
          case number_of(1):
            refusals.count = static_cast<uint64_t>(std::max<int64_t>(partial.get_int64(), 0));
            break;
          case bytes_of(2):
            refusals.why = view(partial);
            break;
          default:
            partial.skip();
        }
      }
    }
  } catch (const protozero::exception&) {  // it said 200
    return {};
  }
  return refusals;
}

GrpcOutcome read_grpc_outcome(const net::Reply& reply) {
  GrpcOutcome outcome;
  const std::string_view text = reply.field("grpc-status");
  int code = kUnknown;
  if (text.empty()) {
    outcome.text = "the answer has no gRPC status";
    return outcome;
  }
  std::from_chars(text.data(), text.data() + text.size(), code);
  if (code == kOk) {
    outcome.is_ok = true;
    if (reply.body.size() > kPrefix && reply.body[0] == '\0') {
      outcome.message = reply.body.substr(kPrefix);
    }
    return outcome;
  }
  const RpcStatus status = read_rpc_status(base64_bytes(reply.field("grpc-status-details-bin")));
  outcome.may_retry = may_retry(code, status.has_wait);
  outcome.wait = status.wait;
  outcome.text = in_words(code, short_line(percent_decoded(reply.field("grpc-message"))));
  return outcome;
}

}  // namespace qtap::sink
