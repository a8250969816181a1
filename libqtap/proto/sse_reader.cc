// SPDX-License-Identifier: Apache-2.0
#include "proto/sse_reader.h"

#include <utility>

namespace qtap::proto {
namespace {

// A stream may last for ever, and nothing of it is kept: only the ratio is limited.
constexpr http::DecodeLimits kStreamLimits = {.max_output_bytes = UINT64_MAX};

}  // namespace

SseReader::SseReader(const MessageTeller& teller, std::string_view codings)
    : teller_(teller), parser_(http::SseParser::Start::kAtStart, teller_.room(), *this) {
  if (codings.empty()) return;
  auto made = http::ContentDecoder::create(codings, kStreamLimits);
  is_readable_ = made.ok();
  if (made.ok()) {
    decoder_ = *std::move(made);
  } else {
    lose();
  }
}

void SseReader::lose() {
  if (!std::exchange(is_lost_, true)) teller_.lose();
}

void SseReader::data(int64_t time_ns, std::string_view bytes) {
  if (!is_readable_) return;
  if (!decoder_) return parser_.data(time_ns, bytes);
  const http::DecodeState state =
      decoder_->decode(bytes, [&](std::string_view plain) { parser_.data(time_ns, plain); });
  if (state == http::DecodeState::kOngoing) return;
  is_readable_ = false;
  lose();
  if (state == http::DecodeState::kCorrupt) teller_.on_error();
}

void SseReader::gap(int64_t time_ns, uint64_t len) {
  if (decoder_) is_readable_ = is_readable_ && decoder_->gap() == http::DecodeState::kOngoing;
  lose();
  parser_.gap(time_ns, decoder_ ? kUnknownLength : len);
}

void SseReader::on_event(const http::SseEvent& event) {
  StreamMessage told;
  told.index = event.index;
  told.length = event.data_bytes;
  told.wire_length = event.wire_bytes;
  told.first_ns = event.first_ns;
  told.last_ns = event.last_ns;
  told.type = event.type;
  told.id = event.id;
  told.payload = event.data;
  if (teller_.room() == 0) told.payload = told.type = told.id = {};
  if (event.over_limit) told.flags |= kMessageTruncated;
  if (event.after_loss) told.flags |= kMessageAfterLoss;
  if (decoder_) told.flags |= kMessageCompressed;
  teller_.tell(told);
}

}  // namespace qtap::proto
