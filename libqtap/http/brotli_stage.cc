// SPDX-License-Identifier: Apache-2.0
// brotli (RFC 7932): one stream with an end of its own, without a checksum.
#include <brotli/decode.h>

#include <algorithm>
#include <memory>

#include "http/coding_stage.h"

namespace qtap::http {
namespace {

// Bytes per call. What brotli has decoded when it finds damage, but not handed out yet, is lost:
// this bounds how much input that can stem from. A TLS record (RFC 8446, 5.1): pieces that come
// from the wire are not longer, and are not cut once more.
constexpr size_t kMaxPart = 16384;

// WBITS, the first 1 to 7 bits (RFC 7932, 9.1); the window has 16 bytes less, its memory has not.
size_t window_bytes(uint8_t first) {
  if ((first & 1) == 0) return size_t{1} << 16;
  const unsigned high = first >> 1 & 7;
  if (high != 0) return size_t{1} << (17 + high);
  const unsigned low = first >> 4 & 7;
  return size_t{1} << (low == 0 ? 17 : 8 + low);  // 1 is invalid: brotli says so
}

struct Destroy {
  void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

bool is_memory_error(BrotliDecoderErrorCode code) {
  return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
         code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

class BrotliStage final : public CodingStage {
 public:
  explicit BrotliStage(size_t max_window_bytes)
      : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)),
        max_window_bytes_(max_window_bytes) {}
  bool has_state() const { return state_ != nullptr; }
  Step step(std::string_view& in, std::span<char> room) override;
  bool may_end() const override { return has_ended_; }
  const char* complaint() const override { return complaint_; }

 private:
  StepOutcome failed();

  std::unique_ptr<BrotliDecoderState, Destroy> state_;
  size_t max_window_bytes_;
  bool has_window_ = false;
  bool has_ended_ = false;
  const char* complaint_ = "";
};

StepOutcome BrotliStage::failed() {
  const BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state_.get());
  complaint_ = BrotliDecoderErrorString(code);
  return is_memory_error(code) ? StepOutcome::kNoMemory : StepOutcome::kCorrupt;
}

Step BrotliStage::step(std::string_view& in, std::span<char> room) {
  if (!has_window_ && !in.empty()) {
    has_window_ = true;
    if (window_bytes(static_cast<uint8_t>(in.front())) > max_window_bytes_)
      return {StepOutcome::kWindow};
  }
  const size_t part = std::min(in.size(), kMaxPart);
  size_t available_in = part;
  const auto* next_in = reinterpret_cast<const uint8_t*>(in.data());
  size_t available_out = room.size();
  auto* next_out = reinterpret_cast<uint8_t*>(room.data());
  const BrotliDecoderResult result = BrotliDecoderDecompressStream(
      state_.get(), &available_in, &next_in, &available_out, &next_out, nullptr);
  in.remove_prefix(part - available_in);
  const size_t written = room.size() - available_out;
  if (result == BROTLI_DECODER_RESULT_ERROR) return {failed(), written};
  has_ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
  return {has_ended_ ? StepOutcome::kEnd : StepOutcome::kGoingOn, written};
}

}  // namespace

std::unique_ptr<CodingStage> make_brotli_stage(size_t max_window_bytes) {
  auto stage = std::make_unique<BrotliStage>(max_window_bytes);
  if (!stage->has_state()) return nullptr;
  return stage;
}

}  // namespace qtap::http
