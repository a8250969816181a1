// SPDX-License-Identifier: Apache-2.0
// Bytes → pieces and gaps of a body → gRPC framing, and header values.
// Input: one byte of options (bits 0-1: form, 2: small limits), then steps (stream_steps.h).
#include "http/grpc.h"

#include "../../unit/http/grpc_transcript.h"
#include "../stream_steps.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > (16u << 10)) return 0;
  using Form = qtap::http::GrpcFrames::Form;
  constexpr Form kForms[] = {Form::kGrpc, Form::kWeb, Form::kWebText, Form::kWebText};
  const Form form = kForms[data[0] & 3];
  qtap::http::GrpcLimits limits;
  if ((data[0] & 4) != 0) limits = {.payload_bytes = 5, .trailer_bytes = 20};
  const std::vector<qtap::test::Step> steps = qtap::test::steps_of(data + 1, size - 1);
  qtap::test::check_cuts(size, [&](const qtap::test::Cutter& cutter) {
    return qtap::test::grpc_transcript(steps, form, limits, cutter);
  });
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  qtap::http::grpc_type(text);
  qtap::http::grpc_call(text);
  qtap::http::grpc_timeout_ns(text);
  qtap::http::grpc_status({{"grpc-status", std::string(text)}},
                          {{"grpc-message", std::string(text)}});
  return 0;
}
