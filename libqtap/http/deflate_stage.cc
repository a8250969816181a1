// SPDX-License-Identifier: Apache-2.0
// "deflate": zlib's format (RFC 1950) by the letter of RFC 9110, 8.4.1.2, and data without its
// header, which that section warns of and browsers read all the same.
#include <memory>

#include "http/coding_stage.h"
#include "http/inflater.h"

namespace qtap::http {
namespace {

// RFC 1950, 2.2: method 8 with a window of at most 32 KiB, and a multiple of 31. As the start of
// deflate data the same bytes would be a stored block with padding that no encoder writes.
bool is_zlib_header(uint8_t cmf, uint8_t flg) {
  return (cmf & 0x0f) == 8 && cmf >> 4 <= 7 && (cmf << 8 | flg) % 31 == 0;
}

class DeflateStage final : public CodingStage {
 public:
  Step step(std::string_view& in, std::span<char> room) override;
  bool may_end() const override { return has_ended_; }
  const char* complaint() const override { return inflater_.complaint(); }

 private:
  Step begin(std::string_view& in, std::span<char> room);

  Inflater inflater_;
  char head_[2] = {};
  size_t head_bytes_ = 0;
  bool has_ended_ = false;
};

// Two bytes tell the formats apart; bare deflate data can hold a letter or its end in them.
Step DeflateStage::begin(std::string_view& in, std::span<char> room) {
  while (head_bytes_ < sizeof head_) {
    if (in.empty()) return {};
    head_[head_bytes_++] = in.front();
    in.remove_prefix(1);
  }
  const bool is_zlib =
      is_zlib_header(static_cast<uint8_t>(head_[0]), static_cast<uint8_t>(head_[1]));
  if (!inflater_.start(is_zlib ? Inflater::Format::kZlib : Inflater::Format::kRaw))
    return {StepOutcome::kNoMemory};
  std::string_view head(head_, sizeof head_);
  return inflater_.step(head, room);
}

Step DeflateStage::step(std::string_view& in, std::span<char> room) {
  const bool is_known = head_bytes_ == sizeof head_;
  const Step step = is_known ? inflater_.step(in, room) : begin(in, room);
  has_ended_ = step.outcome == StepOutcome::kEnd;
  return step;
}

}  // namespace

std::unique_ptr<CodingStage> make_deflate_stage() {
  return std::make_unique<DeflateStage>();
}

}  // namespace qtap::http
