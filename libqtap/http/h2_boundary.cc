// SPDX-License-Identifier: Apache-2.0
#include "http/h2_boundary.h"

#include <algorithm>

#include "http/h2_frames.h"
#include "http/h2_head.h"
#include "http/hpack.h"

namespace qtap::http {
namespace {

// Chains that are followed at once. By accident, random bytes begin one in some thousand offsets;
// the oldest has had the most time to fail.
constexpr size_t kMaxChains = 32;
// What a field is worth when it decodes to something sound: an index alone is little, a text is
// much.
constexpr int kIndexBits = 4;
constexpr int kTextBits = 12;
constexpr size_t kMaxFieldsCounted = 8;
// Pseudo fields that belong together: `:method` and `:scheme`, or `:status`.
constexpr int kRequestBits = 12;
constexpr int kResponseBits = 8;
// DATA of another stream than the frame before.
constexpr int kOtherDataBits = 8;

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

int text_bits(std::string_view value) {
  return value.size() > 1 ? kTextBits : kIndexBits;
}

// The evidence of a head; below 0: it is none.
int head_bits(const H2Head& head) {
  const bool asks = (head.pseudo & kH2RequestPseudo) != 0;
  if (head.malformed || (asks && head.has(kH2Status))) return -1;
  int bits = 0;
  if (head.has(kH2Method | kH2Scheme)) bits += kRequestBits + 2 * kIndexBits;
  if (head.has(kH2Status)) bits += head.status ? kResponseBits + kIndexBits : 0;
  if (head.has(kH2Path)) bits += text_bits(head.path);
  if (head.has(kH2Authority)) bits += text_bits(head.authority);
  size_t counted = 0;
  for (const Header& field : head.fields) {
    if (field.name.empty() || ++counted > kMaxFieldsCounted) continue;
    bits += text_bits(field.value);
  }
  return bits;
}

// The evidence of a whole field block; below 0: it is none.
int block_bits(const H2FrameHeader& header, std::string_view payload) {
  const std::string_view block = h2_field_block(header, payload);
  if (block.data() == nullptr) return -1;
  HpackDecoder decoder(/*exact=*/false);
  H2HeadReader reader;
  reader.begin(/*exact=*/false, kH2DefaultFrameBytes);
  if (!decoder.add({bytes_of(block), block.size()}, header.has(kH2EndHeaders), reader)) return -1;
  return head_bits(reader.head());
}

bool has_block(const H2FrameHeader& header) {
  return header.is(H2Type::kHeaders) || header.is(H2Type::kPushPromise);
}

}  // namespace

void H2Boundary::lose() {
  chains_.clear();
  next_ = UINT64_MAX;
  begin_ = looked_at_;
  found_ = false;
}

bool H2Boundary::is_proof(const Chain& chain) const {
  if (is_relaxed_ && chain.has_head && chain.bits >= kKnownProof) return true;
  return chain.bits >= kProof && (chain.frames > 1 || chain.has_head);
}

void H2Boundary::prove_chain(const Chain& chain) {
  found_ = true;
  // Of a chain that began too long ago, the last frame is as good.
  found_at_ = is_near(chain.first) ? chain.first : chain.last;
}

// Its next bytes are there. False: it is no chain of frames.
bool H2Boundary::step(Chain& chain, std::string_view held, uint64_t held_at) {
  if (chain.in_payload) {
    const std::string_view frame = held.substr(static_cast<size_t>(chain.last - held_at),
                                               static_cast<size_t>(chain.next - chain.last));
    const H2FrameHeader header = read_h2_header(bytes_of(frame));
    const int bits = block_bits(header, frame.substr(kH2HeaderBytes));
    if (bits < 0) return false;
    chain.bits += bits;
    chain.in_payload = false;
    chain.next += kH2HeaderBytes;
    chain.has_head |= bits > 0;
    if (is_proof(chain)) prove_chain(chain);
    return true;
  }
  const uint64_t at = chain.next - kH2HeaderBytes;
  const H2FrameHeader header =
      read_h2_header(bytes_of(held.substr(static_cast<size_t>(at - held_at))));
  int bits = h2_evidence_bits(header);
  if (bits == 0) return false;
  const bool continues = header.is(H2Type::kContinuation);
  if (chain.frames > 0 && continues != chain.in_block) return false;
  if (continues && chain.in_block && header.stream != chain.stream) return false;
  chain.in_block = header.has_fields() && !header.has(kH2EndHeaders);
  // Binary numbers in a row look like DATA of no flags, but not of one stream.
  const bool is_other = chain.stream != 0 && header.stream != chain.stream;
  if (header.is(H2Type::kData) && is_other) bits = std::min(bits, kOtherDataBits);
  if (header.stream != 0) chain.stream = header.stream;
  chain.last = at;
  chain.bits += bits;
  ++chain.frames;
  chain.in_payload = has_block(header);
  chain.next += header.length + (chain.in_payload ? 0 : kH2HeaderBytes);
  if (is_proof(chain)) prove_chain(chain);
  return true;
}

void H2Boundary::relax() {
  is_relaxed_ = true;
  for (const Chain& chain : chains_) {
    // In the middle of a long DATA its beginning is gone: the next header is soon enough.
    if (!found_ && is_proof(chain) && is_near(chain.last)) prove_chain(chain);
  }
}

size_t H2Boundary::needed() const {
  // Each of them may be of a header.
  uint64_t from = looked_at_ - std::min<uint64_t>(looked_at_, kH2HeaderBytes - 1);
  for (const Chain& chain : chains_) {
    if (is_near(chain.first)) {
      from = std::min(from, chain.first);
    } else if (is_near(chain.last)) {
      from = std::min(from, chain.last);
    }
  }
  return static_cast<size_t>(looked_at_ - from);
}

// What a frame header that ends here would begin.
void H2Boundary::begin_chain(std::string_view held, uint64_t held_at) {
  if (looked_at_ < begin_ + kH2HeaderBytes) return;
  Chain chain = {looked_at_ - kH2HeaderBytes, 0, looked_at_, false, 0, false, 0, 0, false};
  // The cheap look first: the type.
  if (bytes_of(held)[static_cast<size_t>(chain.first - held_at) + 3] > 9) return;
  if (!step(chain, held, held_at)) return;
  if (chains_.size() == kMaxChains) chains_.erase(chains_.begin());
  chains_.push_back(chain);
  next_ = std::min(next_, chain.next);
}

// Goes on with each chain that waits for this byte, older ones first.
void H2Boundary::look(std::string_view held, uint64_t held_at) {
  begin_chain(held, held_at);
  while (!found_ && next_ <= looked_at_) {
    next_ = UINT64_MAX;
    size_t kept = 0;
    for (size_t i = 0; i < chains_.size(); ++i) {
      Chain chain = chains_[i];
      if (chain.next == looked_at_ && !found_ && !step(chain, held, held_at)) continue;
      next_ = std::min(next_, chain.next);
      chains_[kept++] = chain;
    }
    chains_.resize(kept);
  }
}

size_t H2Boundary::add(std::string_view held, size_t new_bytes) {
  const uint64_t held_at = looked_at_ - (held.size() - new_bytes);
  for (size_t i = 0; i < new_bytes; ++i) {
    ++looked_at_;
    look(held, held_at);
    if (found_) return i + 1;
  }
  return new_bytes;
}

}  // namespace qtap::http
