// SPDX-License-Identifier: Apache-2.0
// zstd (RFC 8878): frames one after another, some of which are to be skipped.
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "http/coding_stage.h"

namespace qtap::http {
namespace {

// RFC 8878, 3.1.1 and 3.1.2, as they are on the wire; the low half of the first byte of a frame to
// be skipped is free. Only these: libzstd may know formats of before the RFC as well.
constexpr unsigned char kMagic[4] = {0x28, 0xb5, 0x2f, 0xfd};
constexpr unsigned char kSkipMagic[4] = {0x50, 0x2a, 0x4d, 0x18};

// Of a block (RFC 8878, 3.1.1.2): bytes. libzstd asks for a block and the next one's header.
constexpr size_t kBlockHeaderBytes = 3;

struct Free {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

bool is_magic(const char* bytes, size_t len) {
  bool is_frame = true;
  bool is_skipped = true;
  for (size_t i = 0; i < len; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    is_frame = is_frame && byte == kMagic[i];
    is_skipped = is_skipped && (i == 0 ? byte & 0xf0 : byte) == kSkipMagic[i];
  }
  return is_frame || is_skipped;
}

class ZstdStage final : public CodingStage {
 public:
  bool start(size_t max_window_bytes);
  Step step(std::string_view& in, std::span<char> room) override;
  bool may_end() const override { return !is_in_frame_ && has_frame_; }
  size_t held_bytes() const override { return may_end() ? magic_bytes_ : 0; }
  const char* complaint() const override { return complaint_; }

 private:
  StepOutcome look_for_frame(std::string_view& in);
  Step decompress(std::string_view& in, std::span<char> room);
  StepOutcome failed(size_t result);
  size_t next_part() const;

  std::unique_ptr<ZSTD_DCtx, Free> context_;
  char magic_[4] = {};
  size_t magic_bytes_ = 0;
  size_t wanted_bytes_ = 0;  // what libzstd asks for next
  bool was_full_ = false;    // the last room was: there may be more of that block
  bool is_in_frame_ = false;
  bool has_frame_ = false;  // one has ended
  const char* complaint_ = "";
};

bool ZstdStage::start(size_t max_window_bytes) {
  context_.reset(ZSTD_createDCtx());
  if (!context_) return false;
  const int log = static_cast<int>(std::bit_width(max_window_bytes)) - 1;
  const ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
  const int allowed = std::clamp(log, bounds.lowerBound, bounds.upperBound);
  return !ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, allowed));
}

StepOutcome ZstdStage::look_for_frame(std::string_view& in) {
  while (magic_bytes_ < sizeof magic_) {
    if (in.empty()) return StepOutcome::kGoingOn;
    magic_[magic_bytes_] = in.front();
    if (!is_magic(magic_, magic_bytes_ + 1)) {
      complaint_ = "no zstd frame begins here";
      return has_frame_ ? StepOutcome::kEnd : StepOutcome::kCorrupt;
    }
    in.remove_prefix(1);
    ++magic_bytes_;
  }
  is_in_frame_ = true;
  wanted_bytes_ = sizeof magic_;
  std::string_view magic(magic_, sizeof magic_);
  char no_room = 0;  // a magic number gives no output
  StepOutcome outcome = StepOutcome::kGoingOn;
  while (!magic.empty() && outcome == StepOutcome::kGoingOn)
    outcome = decompress(magic, {&no_room, 1}).outcome;
  return outcome;
}

// A call that finds damage takes all along that it has decoded. So each gets a header, a block or a
// checksum, not more, and none before the last block is out whole: then what came before the damage
// is out, however the input is cut. Lost is at most the block that is found to be wrong itself.
size_t ZstdStage::next_part() const {
  if (was_full_) return 0;
  return wanted_bytes_ > kBlockHeaderBytes ? wanted_bytes_ - kBlockHeaderBytes : wanted_bytes_;
}

Step ZstdStage::decompress(std::string_view& in, std::span<char> room) {
  const size_t part = std::min(in.size(), next_part());
  ZSTD_inBuffer input = {in.data(), part, 0};
  ZSTD_outBuffer output = {room.data(), room.size(), 0};
  const size_t result = ZSTD_decompressStream(context_.get(), &output, &input);
  in.remove_prefix(input.pos);
  if (ZSTD_isError(result)) return {failed(result), output.pos};
  wanted_bytes_ = result;
  const bool had_no_more = was_full_ && output.pos == 0;
  was_full_ = output.pos == room.size();
  if (had_no_more) return decompress(in, room);
  if (result == 0) {  // the frame is over, and all of it is handed out
    is_in_frame_ = false;
    has_frame_ = true;
    magic_bytes_ = 0;
  }
  return {StepOutcome::kGoingOn, output.pos};
}

StepOutcome ZstdStage::failed(size_t result) {
  complaint_ = ZSTD_getErrorName(result);
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_frameParameter_windowTooLarge:
      return StepOutcome::kWindow;
    case ZSTD_error_memory_allocation:
      return StepOutcome::kNoMemory;
    default:
      return StepOutcome::kCorrupt;
  }
}

Step ZstdStage::step(std::string_view& in, std::span<char> room) {
  if (!is_in_frame_) return {look_for_frame(in)};
  return decompress(in, room);
}

}  // namespace

std::unique_ptr<CodingStage> make_zstd_stage(size_t max_window_bytes) {
  auto stage = std::make_unique<ZstdStage>();
  if (!stage->start(max_window_bytes)) return nullptr;
  return stage;
}

}  // namespace qtap::http
