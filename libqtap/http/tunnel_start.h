// SPDX-License-Identifier: Apache-2.0
// In: what a client sends first into a tunnel. Out: what that proves, and at which byte. Only bytes
// count, not how they are cut. Owned by TunnelParser, on its thread; it keeps the bytes up to the
// proof, at most kMaxLine.
//
//     first bytes                                     proof
//     the preface of HTTP/2, whole                    kHttp2, at its last byte
//     a line that is a request line of HTTP/1.x       kHttp1, at its '\n'
//     anything else, TLS among it                     kOther, at the first byte that shows it
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/timed_bytes.h"

namespace qtap::http {

class TunnelStart {
 public:
  enum class Proof : uint8_t { kNeedMore, kHttp1, kHttp2, kOther };
  // What anybody must take of a request line (RFC 9112, 3). A longer one is kOther.
  static constexpr size_t kMaxLine = 8000;

  // Returns how many bytes were used: all, or those up to the one that decides.
  size_t add(int64_t time_ns, std::string_view bytes);
  Proof proof() const { return proof_; }
  // No proof came within kMaxLine.
  bool is_over_limit() const { return first_.size() == kMaxLine && !first_.view().ends_with('\n'); }
  const TimedBytes& bytes() const { return first_; }

 private:
  bool is_decisive(char byte);

  Proof proof_ = Proof::kNeedMore;
  size_t size_ = 0;     // bytes so far
  size_t preface_ = 0;  // those of them that are the beginning of the preface
  bool in_method_ = true;
  TimedBytes first_;
};

}  // namespace qtap::http
