// SPDX-License-Identifier: Apache-2.0
#include "http/content_decoder.h"

#include <algorithm>
#include <utility>

namespace qtap::http {
namespace {

std::unique_ptr<CodingStage> make_stage(Coding coding, const DecodeLimits& limits) {
  switch (coding) {
    case Coding::kGzip:
      return make_gzip_stage();
    case Coding::kDeflate:
      return make_deflate_stage();
    case Coding::kBrotli:
      return make_brotli_stage(limits.max_brotli_window_bytes);
    case Coding::kZstd:
      break;
  }
  return make_zstd_stage(limits.max_zstd_window_bytes);
}

Error list_error(const CodingList& list) {
  if (list.outcome == CodingList::Outcome::kUnknown) {
    return {QTAP_ERR_UNSUPPORTED, "decode a body: content coding \"" + list.unknown +
                                      "\" is none of gzip, deflate, br, zstd, identity; use the "
                                      "bytes as sent"};
  }
  return {QTAP_ERR_LIMIT, "decode a body: more than " + std::to_string(kMaxCodings) +
                              " content codings over each other; use the bytes as sent"};
}

}  // namespace

const char* decode_state_name(DecodeState state) {
  constexpr const char* kNames[] = {"ongoing", "complete", "truncated", "corrupt", "limit", "gap"};
  return kNames[static_cast<size_t>(state)];
}

const char* decode_limit_name(DecodeLimit limit) {
  constexpr const char* kNames[] = {"", "output", "ratio", "window", "memory"};
  return kNames[static_cast<size_t>(limit)];
}

Result<ContentDecoder> ContentDecoder::create(std::string_view content_encoding,
                                              const DecodeLimits& limits) {
  const CodingList list = parse_content_encoding(content_encoding);
  if (list.outcome != CodingList::Outcome::kKnown) return list_error(list);
  return create(list.codings, limits);
}

Result<ContentDecoder> ContentDecoder::create(const std::vector<Coding>& codings,
                                              const DecodeLimits& limits) {
  if (codings.size() > kMaxCodings) return list_error({CodingList::Outcome::kTooMany, {}, {}});
  ContentDecoder decoder(limits);
  decoder.links_.reserve(codings.size());
  for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
    if (!decoder.add(*coding)) {
      return Error(QTAP_ERR_NOMEM, std::string("decode a body: no memory for content coding ") +
                                       coding_name(*coding) + "; free some, or decode fewer");
    }
  }
  return decoder;
}

bool ContentDecoder::add(Coding coding) {
  Link link;
  link.coding = coding;
  link.stage = make_stage(coding, limits_);
  link.block = std::make_unique<std::array<char, kDecodeBlock>>();
  links_.push_back(std::move(link));
  return links_.back().stage != nullptr;
}

DecodeState ContentDecoder::decode(std::string_view bytes, TakeBytes take) {
  input_bytes_ += bytes.size();
  if (state_ != DecodeState::kOngoing) return state_;
  if (!links_.empty()) {
    run(0, bytes, take);
    return state_;
  }
  const uint64_t room = limits_.max_output_bytes - output_bytes_;
  pass(bytes.substr(0, std::min<uint64_t>(room, bytes.size())), take);
  if (bytes.size() > room) end(DecodeState::kLimit, DecodeLimit::kOutput);
  return state_;
}

DecodeState ContentDecoder::decode_to(std::string_view bytes, std::string& out, size_t max_bytes) {
  return decode(bytes, [&](std::string_view decoded) {
    const size_t room = max_bytes - std::min(max_bytes, out.size());
    const size_t kept = std::min(room, decoded.size());
    out.append(decoded.substr(0, kept));
    left_out_bytes_ += decoded.size() - kept;
  });
}

// Each coding decodes a block, and the next ones take all of it before it goes on: nothing waits
// between them, and this calls itself at most kMaxCodings times.
void ContentDecoder::run(size_t index, std::string_view bytes, TakeBytes take) {
  if (index == links_.size()) return pass(bytes, take);
  Link& link = links_[index];
  if (link.has_ended) {
    link.trailing_bytes += bytes.size();
    return;
  }
  bool has_more = true;
  while (has_more) {
    // Blocks end at multiples of their size, however the input is cut: the ratio is looked at
    // there.
    const size_t room = kDecodeBlock - static_cast<size_t>(link.given_bytes % kDecodeBlock);
    const size_t before = bytes.size();
    const Step step = link.stage->step(bytes, {link.block->data(), room});
    link.taken_bytes += before - bytes.size();
    if (step.written > 0 && !hand_on(index, {link.block->data(), step.written}, take)) return;
    if (step.outcome != StepOutcome::kGoingOn) return settle(link, step.outcome, bytes);
    has_more = !bytes.empty() || step.written == room;
    // A library that takes nothing and gives nothing would keep us here.
    if (before > 0 && before == bytes.size() && step.written == 0) {
      return fail(link, DecodeState::kCorrupt, DecodeLimit::kNone, "no progress");
    }
  }
}

bool ContentDecoder::hand_on(size_t index, std::string_view decoded, TakeBytes take) {
  Link& link = links_[index];
  const uint64_t room = limits_.max_output_bytes - link.given_bytes;
  const bool is_too_much = decoded.size() > room;
  if (is_too_much) decoded = decoded.substr(0, static_cast<size_t>(room));
  link.given_bytes += decoded.size();
  run(index + 1, decoded, take);
  if (state_ != DecodeState::kOngoing) return false;
  if (is_too_much) {
    fail(link, DecodeState::kLimit, DecodeLimit::kOutput, "output is too long");
  } else if (is_over_ratio(link)) {
    fail(link, DecodeState::kLimit, DecodeLimit::kRatio, "output is too long for its input");
  }
  return state_ == DecodeState::kOngoing;
}

bool ContentDecoder::is_over_ratio(const Link& link) const {
  if (link.given_bytes % kDecodeBlock != 0 || link.given_bytes <= limits_.ratio_floor_bytes)
    return false;
  return link.given_bytes / std::max<uint64_t>(limits_.max_ratio, 1) > links_.front().taken_bytes;
}

void ContentDecoder::settle(Link& link, StepOutcome outcome, std::string_view rest) {
  switch (outcome) {
    case StepOutcome::kEnd:
      link.has_ended = true;
      link.trailing_bytes += rest.size();
      return;
    case StepOutcome::kWindow:
      return fail(link, DecodeState::kLimit, DecodeLimit::kWindow, "window is too large");
    case StepOutcome::kNoMemory:
      return fail(link, DecodeState::kLimit, DecodeLimit::kMemory, "no memory");
    default:
      return fail(link, DecodeState::kCorrupt, DecodeLimit::kNone, link.stage->complaint());
  }
}

void ContentDecoder::pass(std::string_view bytes, TakeBytes take) {
  if (bytes.empty()) return;
  output_bytes_ += bytes.size();
  take(bytes);
}

void ContentDecoder::fail(const Link& link, DecodeState state, DecodeLimit limit,
                          const char* what) {
  end(state, limit);
  damage_ = {link.coding, what, link.taken_bytes, links_.front().taken_bytes};
}

void ContentDecoder::end(DecodeState state, DecodeLimit limit) {
  state_ = state;
  limit_ = limit;
}

DecodeState ContentDecoder::gap() {
  if (state_ != DecodeState::kOngoing) return state_;
  if (links_.empty()) {
    has_gap_ = true;
  } else if (!links_.front().has_ended) {
    state_ = DecodeState::kGap;
  }
  return state_;
}

bool ContentDecoder::may_end() const {
  if (state_ != DecodeState::kOngoing) return state_ == DecodeState::kComplete;
  if (has_gap_) return false;
  return input_bytes_ == 0 || std::all_of(links_.begin(), links_.end(),
                                          [](const Link& link) { return link.stage->may_end(); });
}

DecodeState ContentDecoder::finish() {
  if (state_ != DecodeState::kOngoing) return state_;
  if (has_gap_) {
    state_ = DecodeState::kGap;
  } else {
    state_ = may_end() ? DecodeState::kComplete : DecodeState::kTruncated;
  }
  return state_;
}

uint64_t ContentDecoder::undecoded_bytes() const {
  if (links_.empty()) return input_bytes_ - output_bytes_;
  const Link& first = links_.front();
  return input_bytes_ - first.taken_bytes - first.trailing_bytes;
}

uint64_t ContentDecoder::trailing_bytes() const {
  uint64_t bytes = 0;
  for (const Link& link : links_) bytes += link.trailing_bytes + link.stage->held_bytes();
  return bytes;
}

}  // namespace qtap::http
