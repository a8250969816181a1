// SPDX-License-Identifier: Apache-2.0
// What gRPC says in header fields: gRPC over HTTP/2 (PROTOCOL-HTTP2.md of grpc/grpc) and gRPC-Web
// (PROTOCOL-WEB.md). Pure functions; framing of the body is grpc_frames.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace qtap::http {

enum class GrpcKind : uint8_t { kNone, kGrpc, kWeb, kWebText };

struct GrpcType {
  GrpcKind kind = GrpcKind::kNone;
  std::string codec;  // "proto", "json", or what stands behind the "+"; "proto" when nothing does
};

// Of "application/grpc+json", "application/grpc-web-text; charset=utf-8", ...
GrpcType grpc_type(std::string_view content_type);

struct GrpcCall {
  std::string service;  // "shop.Cart"
  std::string method;   // "AddItem"
};

// Of "/shop.Cart/AddItem"; nullopt when the path does not have that form.
std::optional<GrpcCall> grpc_call(std::string_view path);

struct GrpcStatus {
  std::optional<uint32_t> code;  // nullopt: no grpc-status that is a number was seen
  std::string message;           // grpc-message, decoded
  bool trailers_only = false;    // it stood in the headers: there was no body
};

GrpcStatus grpc_status(const FieldList& headers, const FieldList& trailers);

// "NOT_FOUND" for 5; "" when the code is none of the 17.
const char* grpc_status_name(uint32_t code);

// Percent-decodes grpc-message. What is no valid escape stays as it is, as the protocol demands.
std::string grpc_decode_message(std::string_view encoded);

// "100m" is 100000000; nullopt when malformed. Saturates at INT64_MAX (292 years).
std::optional<int64_t> grpc_timeout_ns(std::string_view value);

// grpc-encoding in lower case; "identity" when it is absent. Applies to messages with the flag.
std::string grpc_encoding(const FieldList& headers);

// The fields of the trailer frame of gRPC-Web: "name: value" lines, ended by CR LF or LF. A line
// that is no field is left out.
FieldList grpc_web_trailers(std::string_view block);

}  // namespace qtap::http
