// SPDX-License-Identifier: Apache-2.0
#include "model/decoded_body.h"

#include <algorithm>
#include <utility>

#include "base/result.h"
#include "base/text.h"
#include "http/content_coding.h"
#include "http/fields.h"

namespace qtap {
namespace {

using http::DecodeState;

constexpr auto kRelaxed = std::memory_order_relaxed;

BodyDecode state_of(DecodeState state) {
  switch (state) {
    case DecodeState::kComplete:
      return BodyDecode::kComplete;
    case DecodeState::kCorrupt:
      return BodyDecode::kCorrupt;
    case DecodeState::kLimit:
      return BodyDecode::kLimit;
    case DecodeState::kGap:
      return BodyDecode::kGap;
    case DecodeState::kOngoing:
    case DecodeState::kTruncated:
      break;
  }
  return BodyDecode::kTruncated;
}

// Bytes of the kept body that surely follow one another from its beginning.
size_t bytes_before_gap(const http::Message& message) {
  const size_t kept = message.body.size();
  if (message.body_gap) return static_cast<size_t>(std::min<uint64_t>(*message.body_gap, kept));
  // Behind any other cause nothing more is kept: then it is a beginning.
  const bool may_have_gap = message.truncation == http::Truncation::kCaptureLoss ||
                            message.truncation == http::Truncation::kMidstream;
  return may_have_gap && message.missing_bytes != 0 ? 0 : kept;
}

std::string complaint(const http::ContentDecoder& decoder) {
  const DecodeState state = decoder.state();
  if (state != DecodeState::kCorrupt && state != DecodeState::kLimit) return {};
  const http::Damage& damage = decoder.damage();
  return std::string(http::coding_name(damage.coding)) + ": " + damage.what + ", at byte " +
         std::to_string(damage.body_offset) + " of the body";
}

void run(http::ContentDecoder& decoder, const http::Message& message, size_t max_bytes,
         DecodedBody& body) {
  const std::string_view kept = message.body;
  const size_t whole = bytes_before_gap(message);
  decoder.decode_to(kept.substr(0, whole), body.decoded, max_bytes);
  if (whole < kept.size()) decoder.gap();
  const bool has_lost_all = kept.empty() && message.body_bytes > 0;
  body.state = has_lost_all ? BodyDecode::kTruncated : state_of(decoder.finish());
  body.error = complaint(decoder);
  body.left_over = decoder.undecoded_bytes() + decoder.trailing_bytes() + (kept.size() - whole);
  body.decoded.shrink_to_fit();
  body.text = body.decoded;
}

void count(const DecodedBody& body, Decoding& decoding) {
  if (body.state == BodyDecode::kNone) return;
  decoding.bodies.fetch_add(1, kRelaxed);
  const bool is_error = body.state == BodyDecode::kCorrupt || body.state == BodyDecode::kGap ||
                        body.state == BodyDecode::kUnsupported;
  if (is_error) decoding.errors.fetch_add(1, kRelaxed);
  if (body.state == BodyDecode::kLimit) decoding.limit_hits.fetch_add(1, kRelaxed);
}

std::unique_ptr<DecodedBody> decode(const http::Message& message, Decoding* decoding) {
  auto body = decode_body(message, decoding ? decoding->limits : Decoding().limits);
  if (decoding) count(*body, *decoding);
  return body;
}

}  // namespace

const char* body_decode_name(BodyDecode state) {
  constexpr const char* kNames[] = {"none",  "complete", "truncated",  "corrupt",
                                    "limit", "gap",      "unsupported"};
  return kNames[static_cast<size_t>(state)];
}

std::string content_encoding(const http::Message& message) {
  return http::joined_values(message.headers, "content-encoding");
}

std::unique_ptr<DecodedBody> decode_body(const http::Message& message,
                                         const http::DecodeLimits& limits) {
  auto body = std::make_unique<DecodedBody>();
  const std::string value = http::body_codings(message.headers);
  const http::CodingList list = http::parse_content_encoding(value);
  if (list.outcome == http::CodingList::Outcome::kKnown && list.codings.empty()) {
    body->text = message.body;
    return body;
  }
  Result<http::ContentDecoder> decoder = http::ContentDecoder::create(value, limits);
  if (decoder.ok()) {
    run(*decoder, message, static_cast<size_t>(limits.max_output_bytes), *body);
  } else {
    const bool is_unknown = decoder.error().status == QTAP_ERR_UNSUPPORTED;
    body->state = is_unknown ? BodyDecode::kUnsupported : BodyDecode::kLimit;
    body->error = std::move(decoder).error().text;
    body->left_over = message.body.size();
  }
  return body;
}

DecodedBodies::~DecodedBodies() {
  for (const auto& body : lent_) delete body.load(std::memory_order_acquire);
}

const DecodedBody& DecodedBodies::use(const http::Message& message, MessageKind kind,
                                      Decoding* decoding) const {
  if (const auto* lent = lent_[index(kind)].load(std::memory_order_acquire)) return *lent;
  auto& used = used_[index(kind)];
  if (!used) used = decode(message, decoding);
  return *used;
}

void DecodedBodies::drop() const {
  for (auto& used : used_) used.reset();
}

const DecodedBody& DecodedBodies::lend(const http::Message& message, MessageKind kind,
                                       Decoding* decoding) const {
  auto& lent = lent_[index(kind)];
  if (const auto* body = lent.load(std::memory_order_acquire)) return *body;
  auto mine = decode(message, decoding);
  const DecodedBody* first = nullptr;
  // Two threads that ask at once: one of the two results is thrown away.
  if (!lent.compare_exchange_strong(first, mine.get(), std::memory_order_acq_rel)) return *first;
  return *mine.release();
}

uint64_t DecodedBodies::lent_bytes() const {
  uint64_t bytes = 0;
  for (const auto& slot : lent_) {
    if (const auto* body = slot.load(std::memory_order_acquire)) bytes += body->decoded.capacity();
  }
  return bytes;
}

}  // namespace qtap
