// SPDX-License-Identifier: Apache-2.0
// Undoes the content codings of a body (RFC 9110, 8.4) while it passes.
// In: bytes of the body as sent, cut anywhere, and gaps. Out: decoded bytes as they become known.
// Owns its codings' state, keeps no byte of the body beyond what they need; one thread at a time.
// Ends at its limits, at damage and at gaps: what was decoded before stays, the rest is counted.
//
//   kOngoing ──finish()──▶ kComplete, or kTruncated when a coding has not come to its end
//   kOngoing ──decode()──▶ kCorrupt, kLimit                    (nothing is decoded after these)
//   kOngoing ──gap()─────▶ kGap
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/coding_stage.h"
#include "http/content_coding.h"

namespace qtap::http {

struct DecodeLimits {
  // Decoded bytes, over the whole body; what codings give each other counts, too. 64 MiB: bodies
  // that people look at are smaller. Who keeps the text gives the size of what keeps it instead.
  uint64_t max_output_bytes = uint64_t{64} << 20;
  // Decoded bytes per byte of the body as sent. 200: what Apache's mod_deflate allows
  // (DeflateInflateRatioLimit); text comes to 3 to 20, deflate can reach 1032.
  uint64_t max_ratio = 200;
  // The ratio is not looked at while the output is not longer: bytes. A small body full of blanks
  // is no bomb. Looked at after each kDecodeBlock of output, so rounded up to it.
  uint64_t ratio_floor_bytes = uint64_t{1} << 20;
  // Memory for what is behind: bytes. 16 MiB: the largest window of RFC 7932 (9.1).
  size_t max_brotli_window_bytes = size_t{16} << 20;
  // 8 MiB: more must not be used as a content coding (RFC 9659, 3). Rounded down to a power of two.
  size_t max_zstd_window_bytes = size_t{8} << 20;
};

// Decoded bytes that are handed on at once, at most; also each coding's buffer.
constexpr size_t kDecodeBlock = size_t{64} << 10;

enum class DecodeState : uint8_t { kOngoing, kComplete, kTruncated, kCorrupt, kLimit, kGap };
const char* decode_state_name(DecodeState state);  // "truncated"; static storage

enum class DecodeLimit : uint8_t {
  kNone,
  kOutput,  // max_output_bytes
  kRatio,   // max_ratio
  kWindow,  // max_brotli_window_bytes, max_zstd_window_bytes
  kMemory,  // the machine's
};
const char* decode_limit_name(DecodeLimit limit);  // "ratio"; static storage

// What ended the decoding before the input did; says nothing of the content.
struct Damage {
  Coding coding = Coding::kGzip;  // the one that found it
  const char* what = "";          // static storage; the library's words
  // How far the coding had read in its input, and the first one in the body as sent, when it found
  // the damage: bytes. Close to it, to a block of zstd; behind everything when a checksum tells it.
  uint64_t coding_offset = 0;
  uint64_t body_offset = 0;
};

// Borrows whatever can be called with std::string_view, for the time of a call.
class TakeBytes {
 public:
  template <typename Call>
  TakeBytes(const Call& call) : call_(&call), run_(run<Call>) {}
  void operator()(std::string_view bytes) const { run_(call_, bytes); }

 private:
  template <typename Call>
  static void run(const void* call, std::string_view bytes) {
    (*static_cast<const Call*>(call))(bytes);
  }
  const void* call_;
  void (*run_)(const void*, std::string_view);
};

class ContentDecoder {
 public:
  // For the value of Content-Encoding; one without codings passes the bytes on as they are.
  // Errors: QTAP_ERR_UNSUPPORTED, which names the coding; QTAP_ERR_LIMIT, more than kMaxCodings;
  // QTAP_ERR_NOMEM.
  static Result<ContentDecoder> create(std::string_view content_encoding,
                                       const DecodeLimits& limits = {});
  static Result<ContentDecoder> create(const std::vector<Coding>& codings,
                                       const DecodeLimits& limits = {});

  // Decodes the next bytes and calls `take` with each piece of what comes out, at most
  // kDecodeBlock long (as long as the input when there is no coding); the pieces live during the
  // call. Allocates nothing of its own; the libraries do for their first bytes, and brotli for each
  // of its meta-blocks. Returns state(); `take` must not call this object. However the body is cut,
  // the same comes out, but for text next to damage: what comes of the damaged block (zstd), or of
  // the same piece, or 16 KiB of it (brotli), may be lost with it.
  DecodeState decode(std::string_view bytes, TakeBytes take);

  // The same, appended to `out` while that has less than max_bytes; the rest is only counted.
  DecodeState decode_to(std::string_view bytes, std::string& out, size_t max_bytes);

  // Bytes of the body are missing here. Codings cannot go on after that; without one the bytes
  // pass, and finish() tells. Behind the end of the last coding it does not matter.
  DecodeState gap();

  // The body has no more bytes. One without any byte is complete: responses to HEAD, 204 and 304
  // name a coding, too.
  DecodeState finish();

  DecodeState state() const { return state_; }
  // Would finish() say kComplete now?
  bool may_end() const;

  DecodeLimit limit() const { return limit_; }      // which one, when the state is kLimit
  const Damage& damage() const { return damage_; }  // when it is kCorrupt or kLimit

  // Bytes of the body as sent: given to decode(), and of those the ones that came after damage, a
  // limit or a gap and were not decoded.
  uint64_t input_bytes() const { return input_bytes_; }
  uint64_t undecoded_bytes() const;
  // Decoded bytes: handed on, and of those the ones for which decode_to() had no room.
  uint64_t output_bytes() const { return output_bytes_; }
  uint64_t left_out_bytes() const { return left_out_bytes_; }
  // Bytes behind the end of the coded data that do not belong to it, over all codings. Known to
  // its full extent after finish().
  uint64_t trailing_bytes() const;

 private:
  struct Link {
    Coding coding = Coding::kGzip;
    std::unique_ptr<CodingStage> stage;
    std::unique_ptr<std::array<char, kDecodeBlock>> block;
    uint64_t taken_bytes = 0;
    uint64_t given_bytes = 0;
    uint64_t trailing_bytes = 0;
    bool has_ended = false;
  };

  explicit ContentDecoder(const DecodeLimits& limits) : limits_(limits) {}
  bool add(Coding coding);
  void run(size_t index, std::string_view bytes, TakeBytes take);
  bool hand_on(size_t index, std::string_view decoded, TakeBytes take);
  void settle(Link& link, StepOutcome outcome, std::string_view rest);
  void pass(std::string_view bytes, TakeBytes take);
  bool is_over_ratio(const Link& link) const;
  void fail(const Link& link, DecodeState state, DecodeLimit limit, const char* what);
  void end(DecodeState state, DecodeLimit limit);

  DecodeLimits limits_;
  std::vector<Link> links_;  // in the order of decoding
  DecodeState state_ = DecodeState::kOngoing;
  DecodeLimit limit_ = DecodeLimit::kNone;
  Damage damage_;
  bool has_gap_ = false;
  uint64_t input_bytes_ = 0;
  uint64_t output_bytes_ = 0;
  uint64_t left_out_bytes_ = 0;
};

}  // namespace qtap::http
