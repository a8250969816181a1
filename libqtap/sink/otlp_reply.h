// SPDX-License-Identifier: Apache-2.0
// Answers of services that speak gRPC or protobuf over HTTP. Any bytes may come.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"

namespace qtap::sink {

// A message as it stands in the body of a request: five bytes before it, uncompressed.
std::string grpc_message(std::string_view message);

struct GrpcOutcome {
  bool is_ok = false;
  bool may_retry = false;
  std::string text;                 // why not: "Access Denied (UNAUTHENTICATED: no such token)"
  std::string message;              // that came
  std::chrono::nanoseconds wait{};  // asked for (google.rpc.RetryInfo)
};
GrpcOutcome read_grpc_outcome(const net::Reply& reply);

// google.rpc.Status, the body of errors over HTTP.
struct RpcStatus {
  std::string message;  // printable and short; "" = none
  bool has_wait = false;
  std::chrono::nanoseconds wait{};
};
RpcStatus read_rpc_status(std::string_view bytes);

// ExportLogsServiceResponse.partial_success.
struct OtlpRefusals {
  uint64_t count = 0;
  std::string why;
};
OtlpRefusals read_otlp_refusals(std::string_view bytes);

}  // namespace qtap::sink
