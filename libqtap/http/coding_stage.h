// SPDX-License-Identifier: Apache-2.0
// One content coding being undone: coded bytes in, decoded bytes out, as far as both go.
// The stages know nothing of limits on their output, nor of each other: content_decoder.h does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace qtap::http {

enum class StepOutcome : uint8_t {
  kGoingOn,   // wants more input or, when it filled the room, more of that
  kEnd,       // the coded data is over; the rest of the input does not belong to it
  kCorrupt,   // complaint() says why
  kWindow,    // asks for a larger window than it may have
  kNoMemory,  // the library got no memory
};

struct Step {
  StepOutcome outcome = StepOutcome::kGoingOn;
  size_t written = 0;  // bytes, also when the outcome is bad
};

class CodingStage {
 public:
  virtual ~CodingStage() = default;

  // Decodes from `in`, of which it removes what it took, into `room`, which is not empty. Without
  // input it gives what had no room before. Not to be called again after another outcome than
  // kGoingOn.
  virtual Step step(std::string_view& in, std::span<char> room) = 0;

  // Is the coded data whole if no byte follows?
  virtual bool may_end() const = 0;

  // Bytes that were taken to see whether the coded data goes on, and that do not belong to it as
  // things stand.
  virtual size_t held_bytes() const { return 0; }

  // What is wrong with the input, once it is; static storage.
  virtual const char* complaint() const = 0;
};

// nullptr: the library got no memory.
std::unique_ptr<CodingStage> make_gzip_stage();
std::unique_ptr<CodingStage> make_deflate_stage();
std::unique_ptr<CodingStage> make_brotli_stage(size_t max_window_bytes);
std::unique_ptr<CodingStage> make_zstd_stage(size_t max_window_bytes);

}  // namespace qtap::http
