// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc_reader.h"

#include <utility>

namespace qtap::proto {
namespace {

using http::DecodeState;
using http::GrpcFault;
using Form = http::GrpcFrames::Form;

// Of a compressed trailer frame are kept, as of one that is not (http::GrpcLimits).
constexpr size_t kMaxTrailerBytes = 64u << 10;

Form form_of(http::GrpcKind kind) {
  if (kind == http::GrpcKind::kWeb) return Form::kWeb;
  return kind == http::GrpcKind::kWebText ? Form::kWebText : Form::kGrpc;
}

}  // namespace

GrpcReader::GrpcReader(const MessageTeller& teller, http::GrpcKind kind, std::string encoding)
    : teller_(teller),
      encoding_(std::move(encoding)),
      frames_(form_of(kind), {}, *this),
      payload_(teller_.room()) {}

void GrpcReader::on_message_begin(const http::GrpcMessage& message) {
  payload_.clear();
  decoder_.reset();
  const bool is_wanted = message.is_trailers || payload_.room() > 0;
  if (!message.is_compressed || !is_wanted) return;
  if (auto made = http::ContentDecoder::create(encoding_); made.ok()) decoder_ = *std::move(made);
}

void GrpcReader::on_payload(const http::GrpcMessage& message, uint64_t offset,
                            std::string_view bytes) {
  if (message.is_trailers ? !decoder_ : payload_.room() == 0) return;
  if (!decoder_) return payload_.add(offset, bytes);
  if (message.missing_bytes > 0) decoder_->gap();
  if (message.is_trailers) {
    decoder_->decode_to(bytes, trailers_, kMaxTrailerBytes);
  } else {
    decoder_->decode_to(bytes, payload_.target(), payload_.room());
  }
}

// What of a compressed message could be undone.
void GrpcReader::finish_decoding(StreamMessage& told) {
  if (!decoder_) {
    told.flags |= kMessageUndecoded;
    return;
  }
  if (told.missing_bytes > 0) decoder_->gap();
  const DecodeState state = decoder_->finish();
  told.length = decoder_->output_bytes();
  if (state == DecodeState::kComplete) return;
  told.flags |= kMessageTruncated;
  if (state == DecodeState::kCorrupt || state == DecodeState::kTruncated) told.flags |= kMessageBad;
}

void GrpcReader::on_message_end(const http::GrpcMessage& message) {
  if (message.is_trailers) {
    if (decoder_) finish_trailers(message);
    return;
  }
  StreamMessage told;
  told.index = message.index;
  told.length = told.wire_length = message.length;
  told.missing_bytes = message.missing_bytes;
  told.first_ns = message.first_ns;
  told.last_ns = message.last_ns;
  if (message.after_loss) told.flags |= kMessageAfterLoss;
  if (!message.is_complete || message.missing_bytes > 0) told.flags |= kMessageIncomplete;
  if (message.is_compressed) {
    told.flags |= kMessageCompressed;
    finish_decoding(told);
  }
  told.payload = payload_.bytes();
  if (told.payload.size() < told.length) told.flags |= kMessageTruncated;
  teller_.tell(told);
}

// PROTOCOL-WEB.md: the trailer frame may be compressed like a message (10000001b).
void GrpcReader::finish_trailers(const http::GrpcMessage& message) {
  if (message.missing_bytes > 0) decoder_->gap();
  const DecodeState state = decoder_->finish();
  if (state == DecodeState::kCorrupt || state == DecodeState::kLimit) teller_.on_error();
  const bool is_whole = state == DecodeState::kComplete && decoder_->left_out_bytes() == 0;
  // A line that has no end may lack something.
  if (!is_whole) trailers_.resize(trailers_.rfind('\n') + 1);
  on_trailers(message, http::grpc_web_trailers(trailers_));
  trailers_.clear();
}

// gRPC-Web: the status stands in the body.
void GrpcReader::on_trailers(const http::GrpcMessage&, const http::FieldList& fields) {
  Transaction& tx = teller_.transaction();
  if (teller_.is_request() || !tx.messages) return;
  http::GrpcStatus status = http::grpc_status({}, fields);
  tx.messages->grpc.status = status.code;
  tx.messages->grpc.message = std::move(status.message);
}

// A body that ends within a message was cut by a peer: nothing more came.
void GrpcReader::on_fault(GrpcFault fault, uint64_t) {
  const bool is_cut = fault == GrpcFault::kCutHead || fault == GrpcFault::kCutMessage;
  if (!is_cut) teller_.lose();
  if (!is_cut && fault != GrpcFault::kGap) teller_.on_error();
}

}  // namespace qtap::proto
