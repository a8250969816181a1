// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952): members one after another; zlib reads their headers and checks CRC and length.
#include <memory>

#include "http/coding_stage.h"
#include "http/inflater.h"

namespace qtap::http {
namespace {

constexpr std::string_view kMagic = "\x1f\x8b";  // ID1 and ID2 (RFC 1952, 2.3.1)

class GzipStage final : public CodingStage {
 public:
  bool start() { return inflater_.start(Inflater::Format::kGzip); }
  Step step(std::string_view& in, std::span<char> room) override;
  bool may_end() const override { return is_between_; }
  size_t held_bytes() const override { return held_; }
  const char* complaint() const override { return inflater_.complaint(); }

 private:
  StepOutcome look_for_member(std::string_view& in, std::span<char> room);

  Inflater inflater_;
  bool is_between_ = false;  // behind a member; what follows is another one or does not belong here
  size_t held_ = 0;          // so many bytes of kMagic were seen behind it
};

StepOutcome GzipStage::look_for_member(std::string_view& in, std::span<char> room) {
  while (held_ < kMagic.size()) {
    if (in.empty()) return StepOutcome::kGoingOn;
    if (in.front() != kMagic[held_]) return StepOutcome::kEnd;
    in.remove_prefix(1);
    ++held_;
  }
  held_ = 0;
  is_between_ = false;
  inflater_.restart();
  std::string_view magic = kMagic;
  return inflater_.step(magic, room).outcome;
}

Step GzipStage::step(std::string_view& in, std::span<char> room) {
  if (is_between_) return {look_for_member(in, room)};
  Step step = inflater_.step(in, room);
  if (step.outcome == StepOutcome::kEnd) {
    is_between_ = true;
    step.outcome = StepOutcome::kGoingOn;
  }
  return step;
}

}  // namespace

std::unique_ptr<CodingStage> make_gzip_stage() {
  auto stage = std::make_unique<GzipStage>();
  if (!stage->start()) return nullptr;
  return stage;
}

}  // namespace qtap::http
