// SPDX-License-Identifier: Apache-2.0
// Runs steps through a parser of one direction, cut as wanted, and joins what it tells in pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transcript.h"

namespace qtap::test {

inline Step bytes_step(std::string_view bytes) {
  Step step;
  step.bytes = bytes;
  return step;
}

inline Step gap_step(uint64_t len) {
  Step step;
  step.kind = Step::Kind::kGap;
  step.len = len;
  return step;
}

// `stream` with a gap instead of its bytes from `at` on.
inline std::vector<Step> with_gap(std::string_view stream, size_t at, size_t len) {
  return {bytes_step(stream.substr(0, at)), gap_step(len), bytes_step(stream.substr(at + len))};
}

// "8105 4865" as bytes; blanks are for the reader.
inline std::string from_hex(std::string_view hex) {
  std::string out;
  int high = -1;
  for (const char c : hex) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high >= 0) out.push_back(static_cast<char>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  return out;
}

// The n-th step happens at n nanoseconds.
template <typename Parser>
void play_stream(const std::vector<Step>& steps, Parser& parser, Cutter cutter) {
  int64_t time_ns = 0;
  for (const Step& step : steps) {
    ++time_ns;
    const bool is_gap = step.kind == Step::Kind::kGap;
    const uint64_t size = is_gap ? step.len : step.bytes.size();
    for (uint64_t at = 0; at < size;) {
      // A long gap is not worth a thousand calls.
      const uint64_t left = size - at;
      const uint64_t len = is_gap && left > 4096 ? left : cutter.next(static_cast<size_t>(left));
      if (is_gap) {
        parser.gap(time_ns, len);
      } else {
        parser.data(time_ns, std::string_view(step.bytes).substr(at, len));
      }
      at += len;
    }
  }
  parser.close();
}

inline const std::vector<Cutter>& all_cutters() {
  static const std::vector<Cutter> cutters = {
      Cutter(Cutter::Way::kWhole), Cutter(Cutter::Way::kBytes), Cutter(Cutter::Way::kRandom, 1),
      Cutter(Cutter::Way::kRandom, 2), Cutter(Cutter::Way::kRandom, 77)};
  return cutters;
}

// Lines of text; payload pieces that follow each other become one line.
class Lines {
 public:
  void line(const std::string& text) {
    flush();
    text_ += text + "\n";
  }
  void piece(uint64_t offset, std::string_view bytes) {
    if (!piece_.empty() && offset != piece_at_ + piece_.size()) flush();
    if (piece_.empty()) piece_at_ = offset;
    piece_ += bytes;
  }
  std::string take() {
    flush();
    return std::move(text_);
  }

 private:
  void flush() {
    if (!piece_.empty()) text_ += "  @" + std::to_string(piece_at_) + " " + escaped(piece_) + "\n";
    piece_.clear();
  }
  std::string text_;
  std::string piece_;
  uint64_t piece_at_ = 0;
};

inline std::string named(const char* name, uint64_t value) {
  return value == 0 ? "" : std::string(" ") + name + "=" + std::to_string(value);
}

inline std::string flag(const char* name, bool is_set) {
  return is_set ? std::string(" ") + name : "";
}

}  // namespace qtap::test
