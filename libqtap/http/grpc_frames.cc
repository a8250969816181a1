// SPDX-License-Identifier: Apache-2.0
#include "http/grpc_frames.h"

#include <algorithm>

#include "http/grpc.h"

namespace qtap::http {
namespace {

constexpr uint8_t kCompressed = 0x01;
constexpr uint8_t kTrailers = 0x80;  // PROTOCOL-WEB.md
// Decoded in one go; on the stack.
constexpr size_t kBase64Block = 3u << 10;

}  // namespace

const char* grpc_fault_name(GrpcFault fault) {
  switch (fault) {
    case GrpcFault::kFlags:
      return "flags";
    case GrpcFault::kAfterTrailers:
      return "after_trailers";
    case GrpcFault::kGap:
      return "gap";
    case GrpcFault::kBase64:
      return "base64";
    case GrpcFault::kCutHead:
      return "cut_head";
    case GrpcFault::kCutMessage:
      return "cut_message";
  }
  return "";
}

void GrpcFrames::data(int64_t time_ns, std::string_view bytes) {
  now_ns_ = time_ns;
  if (form_ != Form::kWebText) {
    frame(bytes);
    return;
  }
  char block[kBase64Block];
  while (!bytes.empty()) {
    if (base64_.failed()) {
      counters_.unframed_bytes += bytes.size();
      sent_bytes_ += bytes.size();
      return;
    }
    const size_t before = bytes.size();
    const size_t decoded = base64_.decode(bytes, block, sizeof block);
    sent_bytes_ += before - bytes.size();
    frame({block, decoded});
    if (base64_.failed()) lose(GrpcFault::kBase64, sent_bytes_);
  }
}

// Of base64 nothing is known behind a gap: how many of the missing characters were padding?
void GrpcFrames::gap(int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  now_ns_ = time_ns;
  if (len != kUnknownLength) counters_.missing_bytes += len;
  if (state_ == State::kPayload && form_ != Form::kWebText && len != kUnknownLength) {
    const uint64_t inside = std::min(len, payload_left());
    skip_payload(inside);
    position_ += inside;
    len -= inside;
    if (len == 0) return;
  }
  lose(GrpcFault::kGap, position_);
  base64_.fail();
  if (len == kUnknownLength) return;
  position_ += len;
  sent_bytes_ += len;
}

void GrpcFrames::close() {
  if (form_ == Form::kWebText && !base64_.at_boundary()) {
    lose(GrpcFault::kBase64, sent_bytes_);
  } else if (state_ == State::kPayload) {
    lose(GrpcFault::kCutMessage, position_);
  } else if (state_ == State::kHead && head_size_ > 0) {
    lose(GrpcFault::kCutHead, position_);
  }
}

void GrpcFrames::resume() {
  if (state_ != State::kLost) return;
  state_ = State::kHead;
  base64_.restart();
}

void GrpcFrames::frame(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t used = 1;
    if (state_ == State::kHead) {
      add_head(bytes.front());
    } else if (state_ == State::kPayload) {
      used = static_cast<size_t>(std::min<uint64_t>(bytes.size(), payload_left()));
      add_payload(bytes.substr(0, used));
    } else {
      if (state_ == State::kDone) lose(GrpcFault::kAfterTrailers, position_);
      used = bytes.size();
      counters_.unframed_bytes += used;
    }
    bytes.remove_prefix(used);
    position_ += used;
  }
}

bool GrpcFrames::knows_flags(uint8_t flags) const {
  const uint8_t known = form_ == Form::kGrpc ? kCompressed : kCompressed | kTrailers;
  return (flags & ~known) == 0;
}

void GrpcFrames::add_head(char c) {
  if (head_size_ == 0) {
    if (!knows_flags(static_cast<uint8_t>(c))) {
      lose(GrpcFault::kFlags, position_);
      ++counters_.unframed_bytes;
      return;
    }
    message_ = {};
    message_.first_ns = now_ns_;
  }
  head_[head_size_++] = c;
  message_.last_ns = now_ns_;
  if (head_size_ == kHeadBytes) begin_message();
}

void GrpcFrames::begin_message() {
  for (size_t i = 1; i < kHeadBytes; ++i) {
    message_.length = message_.length << 8 | static_cast<uint8_t>(head_[i]);
  }
  const uint8_t flags = static_cast<uint8_t>(head_[0]);
  message_.is_compressed = (flags & kCompressed) != 0;
  message_.is_trailers = (flags & kTrailers) != 0;
  message_.after_loss = after_loss_;
  message_.index = counters_.messages;
  if (!message_.is_trailers) ++counters_.messages;
  head_size_ = 0;
  offset_ = 0;
  state_ = State::kPayload;
  events_.on_message_begin(message_);
  if (message_.length == 0) end_message();
}

// What of `bytes`, which stand at offset_, lies before the limit.
std::string_view GrpcFrames::within_limit(std::string_view bytes) {
  const uint64_t room = limits_.payload_bytes - std::min(offset_, limits_.payload_bytes);
  if (bytes.size() <= room) return bytes;
  if (!message_.over_limit) ++counters_.limits;
  message_.over_limit = true;
  return bytes.substr(0, static_cast<size_t>(room));
}

void GrpcFrames::add_payload(std::string_view bytes) {
  message_.last_ns = now_ns_;
  if (message_.is_trailers && !message_.is_compressed) {
    const size_t room = limits_.trailer_bytes - trailers_.size();
    if (bytes.size() > room && !message_.over_limit && message_.missing_bytes == 0) {
      message_.over_limit = true;
      ++counters_.limits;
    }
    if (message_.missing_bytes == 0) trailers_.append(bytes.substr(0, room));
  } else if (const std::string_view told = within_limit(bytes); !told.empty()) {
    events_.on_payload(message_, offset_, told);
  }
  offset_ += bytes.size();
  if (payload_left() == 0) end_message();
}

void GrpcFrames::skip_payload(uint64_t len) {
  message_.last_ns = now_ns_;
  message_.missing_bytes += len;
  offset_ += len;
  if (payload_left() == 0) end_message();
}

void GrpcFrames::end_message() {
  message_.is_complete = payload_left() == 0;
  state_ = message_.is_trailers ? State::kDone : State::kHead;
  if (message_.is_trailers && !message_.is_compressed) {
    const bool is_whole =
        message_.is_complete && message_.missing_bytes == 0 && !message_.over_limit;
    // A line that has no end may lack something.
    if (!is_whole) trailers_.resize(trailers_.rfind('\n') + 1);
    events_.on_trailers(message_, grpc_web_trailers(trailers_));
    trailers_.clear();
  }
  events_.on_message_end(message_);
}

void GrpcFrames::lose(GrpcFault fault, uint64_t position) {
  if (state_ == State::kLost) return;
  if (state_ == State::kPayload) end_message();
  state_ = State::kLost;
  after_loss_ = true;
  head_size_ = 0;
  ++counters_.faults;
  events_.on_fault(fault, position);
}

}  // namespace qtap::http
