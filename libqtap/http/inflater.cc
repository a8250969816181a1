// SPDX-License-Identifier: Apache-2.0
#include "http/inflater.h"

#include <algorithm>

namespace qtap::http {
namespace {

constexpr size_t kMaxPart = 1u << 30;  // bytes per call: zlib counts in 32 bits

// What inflateInit2() makes of its windowBits: 15 is the largest window of deflate (32 KiB), 16
// more are for gzip, less than nothing is for data without header and trailer.
int window_bits(Inflater::Format format) {
  if (format == Inflater::Format::kGzip) return 15 + 16;
  return format == Inflater::Format::kZlib ? 15 : -15;
}

}  // namespace

Inflater::~Inflater() {
  if (is_started_) inflateEnd(&stream_);
}

bool Inflater::start(Format format) {
  is_started_ = inflateInit2(&stream_, window_bits(format)) == Z_OK;
  return is_started_;
}

void Inflater::restart() {
  inflateReset(&stream_);
}

Step Inflater::step(std::string_view& in, std::span<char> room) {
  const size_t part = std::min(in.size(), kMaxPart);
  const size_t space = std::min(room.size(), kMaxPart);
  // zlib only reads from next_in; its type has no const unless ZLIB_CONST is defined.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream_.avail_in = static_cast<uInt>(part);
  stream_.next_out = reinterpret_cast<Bytef*>(room.data());
  stream_.avail_out = static_cast<uInt>(space);
  const int result = inflate(&stream_, Z_NO_FLUSH);
  in.remove_prefix(part - stream_.avail_in);
  const size_t written = space - stream_.avail_out;
  switch (result) {
    case Z_OK:
    case Z_BUF_ERROR:  // nothing to do without more input or room
      return {StepOutcome::kGoingOn, written};
    case Z_STREAM_END:
      return {StepOutcome::kEnd, written};
    case Z_MEM_ERROR:
      return {StepOutcome::kNoMemory, written};
    case Z_NEED_DICT:
      complaint_ = "needs a preset dictionary";
      return {StepOutcome::kCorrupt, written};
    default:
      complaint_ = stream_.msg ? stream_.msg : "invalid deflate data";
      return {StepOutcome::kCorrupt, written};
  }
}

}  // namespace qtap::http
