// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_inflate.h"

#include <algorithm>
#include <vector>

namespace qtap::http {
namespace {

// RFC 7692, 7.2.1: what a sender cuts off the end of each message.
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);
// The ratio is looked at where this many bytes of the message are used up, wherever it is cut, so
// that the same message always ends at the same place. A bomb is at most this times 1032 over.
constexpr uint64_t kCheckBytes = 1024;
constexpr size_t kOutputBytes = 16u << 10;  // on the stack
constexpr size_t kMaxWindowBytes = 32u << 10;
// zlib.h, inflate(): data_type has this bit right behind a block.
constexpr int kAtBlockBoundary = 128;

}  // namespace

const char* websocket_decoding_name(WebSocketDecoding decoding) {
  switch (decoding) {
    case WebSocketDecoding::kPlain:
      return "plain";
    case WebSocketDecoding::kInflated:
      return "inflated";
    case WebSocketDecoding::kGap:
      return "gap";
    case WebSocketDecoding::kNoContext:
      return "no_context";
    case WebSocketDecoding::kBroken:
      return "broken";
    case WebSocketDecoding::kLimit:
      return "limit";
  }
  return "";
}

WebSocketInflate::~WebSocketInflate() {
  if (has_stream_) inflateEnd(&stream_);
}

bool WebSocketInflate::start_stream() {
  if (has_stream_) return deflate_.takes_over || inflateReset(&stream_) == Z_OK;
  has_stream_ = inflateInit2(&stream_, -deflate_.window_bits) == Z_OK;  // negative: raw
  return has_stream_;
}

void WebSocketInflate::begin() {
  in_bytes_ = out_bytes_ = 0;
  if (!deflate_.takes_over) has_context_ = true;
  decoding_ = WebSocketDecoding::kInflated;
  if (!has_context_) {
    decoding_ = WebSocketDecoding::kNoContext;
  } else if (!start_stream()) {
    stop(WebSocketDecoding::kLimit);  // no memory
  }
}

void WebSocketInflate::add(std::string_view bytes) {
  while (!bytes.empty() && decoding_ == WebSocketDecoding::kInflated) {
    const uint64_t room = kCheckBytes - in_bytes_ % kCheckBytes;
    const size_t len = static_cast<size_t>(std::min<uint64_t>(room, bytes.size()));
    run(bytes.substr(0, len));
    bytes.remove_prefix(len);
    in_bytes_ += len;
    if (in_bytes_ % kCheckBytes == 0) check_ratio();
  }
}

void WebSocketInflate::lose() {
  if (decoding_ == WebSocketDecoding::kInflated) stop(WebSocketDecoding::kGap);
}

// A message that does not end behind a whole block is none.
void WebSocketInflate::end() {
  if (decoding_ == WebSocketDecoding::kInflated) run(kTail);
  if (decoding_ == WebSocketDecoding::kInflated) check_ratio();
  if (decoding_ == WebSocketDecoding::kInflated && (stream_.data_type & kAtBlockBoundary) == 0) {
    stop(WebSocketDecoding::kBroken);
  }
}

void WebSocketInflate::abandon() {
  has_context_ = false;
}

// All output that these bytes give is taken at once: none waits in zlib.
void WebSocketInflate::run(std::string_view bytes) {
  char out[kOutputBytes];
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_.avail_in = static_cast<uInt>(bytes.size());
  while (decoding_ == WebSocketDecoding::kInflated) {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = sizeof out;
    const int status = inflate(&stream_, Z_SYNC_FLUSH);
    const bool is_full = stream_.avail_out == 0;
    if (!tell({out, sizeof out - stream_.avail_out})) return;
    if (status == Z_STREAM_END) {
      if (!restart_after_final_block()) stop(WebSocketDecoding::kBroken);
      if (stream_.avail_in == 0) return;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      stop(WebSocketDecoding::kBroken);
    } else if (!is_full) {
      return;  // all is read
    }
  }
}

// RFC 7692, 7.2.3.4: a final block may be followed by others, which still refer to its window.
bool WebSocketInflate::restart_after_final_block() {
  std::vector<Bytef> window(kMaxWindowBytes);
  uInt size = 0;
  return inflateGetDictionary(&stream_, window.data(), &size) == Z_OK &&
         inflateReset(&stream_) == Z_OK &&
         (size == 0 || inflateSetDictionary(&stream_, window.data(), size) == Z_OK);
}

bool WebSocketInflate::tell(std::string_view bytes) {
  const uint64_t room = limits_.output_bytes - out_bytes_;
  const bool fits = bytes.size() <= room;
  bytes = bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(room, bytes.size())));
  out_bytes_ += bytes.size();
  if (!bytes.empty()) output_.on_inflated(bytes);
  if (!fits) stop(WebSocketDecoding::kLimit);
  return fits;
}

void WebSocketInflate::check_ratio() {
  if (out_bytes_ <= limits_.ratio_free_bytes) return;
  if ((out_bytes_ - limits_.ratio_free_bytes) / limits_.ratio > in_bytes_) {
    stop(WebSocketDecoding::kLimit);
  }
}

void WebSocketInflate::stop(WebSocketDecoding why) {
  decoding_ = why;
  has_context_ = false;
}

}  // namespace qtap::http
