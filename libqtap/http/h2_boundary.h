// SPDX-License-Identifier: Apache-2.0
// In: bytes of one direction of an HTTP/2 connection of which nobody knows where in a frame they
// begin. Out: where a frame provably begins. Owned by one side of a connection.
//
// Each offset is a candidate whose 9 bytes may be a frame header; its length leads to the next one.
// The bits of evidence of a chain (h2_evidence_bits) add up, those of a field block that decodes to
// sound fields too. kProof of them in at least two frames, or in one with such a block, is a proof.
// The outcome depends on the bytes alone, not on how they are cut.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace qtap::http {

class H2Boundary {
 public:
  // So rare by accident that a petabyte of random bytes holds none. A body that itself holds HTTP/2
  // frames may still be taken for one.
  static constexpr int kProof = 56;
  // What is enough of a head where the other direction is known to be frames: a request of nothing
  // but references to older entries.
  static constexpr int kKnownProof = 40;

  // Of the stream's next bytes, how many were looked at: all, or up to the one that made the proof.
  // `held`: what is still there of the bytes before these, and these.
  size_t add(std::string_view held, size_t new_bytes);
  bool has_found() const { return found_; }
  // Bytes from there on to the end of what was looked at.
  uint64_t found_length() const { return looked_at_ - found_at_; }
  // How far back a proof may reach.
  static constexpr size_t kMaxHeld = 64u << 10;

  // How many of the last bytes a proof may begin with: older ones need not be held. At most
  // kMaxHeld.
  size_t needed() const;

  // From now on kKnownProof is enough, also for what was looked at already.
  void relax();

  // The next byte does not follow the last one.
  void lose();

 private:
  struct Chain {
    uint64_t first;   // where its first frame begins
    uint64_t last;    // where the last one that counts does
    uint64_t next;    // the offset up to which bytes are needed to go on
    bool in_payload;  // next is the end of a field block to be decoded, else of a frame header
    int bits;
    bool has_head;  // a field block that decodes to something is among it
    int frames;
    uint32_t stream;  // of its last frame that is on one
    bool in_block;    // a field block has not ended: CONTINUATION must come (RFC 9113, 6.10)
  };
  void begin_chain(std::string_view held, uint64_t held_at);
  void look(std::string_view held, uint64_t held_at);
  bool step(Chain& chain, std::string_view held, uint64_t held_at);
  bool is_near(uint64_t offset) const { return looked_at_ - offset <= kMaxHeld; }
  bool is_proof(const Chain& chain) const;
  void prove_chain(const Chain& chain);

  std::vector<Chain> chains_;
  uint64_t looked_at_ = 0;      // bytes in all
  uint64_t begin_ = 0;          // no frame that is looked for begins before
  uint64_t next_ = UINT64_MAX;  // the least `next` of all chains
  uint64_t found_at_ = 0;
  bool found_ = false;
  bool is_relaxed_ = false;
};

}  // namespace qtap::http
