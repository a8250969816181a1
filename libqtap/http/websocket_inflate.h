// SPDX-License-Identifier: Apache-2.0
// In: the payloads of compressed messages of one direction. Out: their texts, in pieces
// (permessage-deflate, RFC 7692, 7.2.2). Owned by that direction's parser. Kept: the window of
// zlib, at most 32 KiB and about 10 KiB of state, from the first compressed message on.
// What cannot be known any more, because a message the next ones refer to was lost, is never
// guessed: such messages begin with kNoContext and give nothing.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string_view>

#include "http/websocket_upgrade.h"

namespace qtap::http {

enum class WebSocketDecoding : uint8_t {
  kPlain,      // was not compressed
  kInflated,   // so far all is well
  kGap,        // bytes are missing: nothing is known behind them
  kNoContext,  // refers to an earlier message that is not known
  kBroken,     // no deflate data
  kLimit,      // over the limit of output or ratio
};
const char* websocket_decoding_name(WebSocketDecoding decoding);  // "inflated"

struct WebSocketInflateLimits {
  uint64_t output_bytes = 64u << 20;  // of one message
  // Output of one message per byte of it, beyond what is free. DEFLATE can do 1032.
  uint64_t ratio = 200;
  uint64_t ratio_free_bytes = 1u << 20;
};

class WebSocketInflate {
 public:
  class Output {
   public:
    virtual ~Output() = default;
    virtual void on_inflated(std::string_view bytes) = 0;
  };

  WebSocketInflate(const WebSocketDeflate& deflate, const WebSocketInflateLimits& limits,
                   Output& output)
      : deflate_(deflate), limits_(limits), output_(output) {}
  ~WebSocketInflate();
  WebSocketInflate(const WebSocketInflate&) = delete;
  WebSocketInflate& operator=(const WebSocketInflate&) = delete;

  void begin();
  void add(std::string_view bytes);
  void lose();     // bytes of the message at hand are missing here
  void end();      // the message is complete
  void abandon();  // its end is not known

  WebSocketDecoding decoding() const { return decoding_; }

 private:
  bool start_stream();
  void run(std::string_view bytes);
  bool restart_after_final_block();
  bool tell(std::string_view bytes);
  void check_ratio();
  void stop(WebSocketDecoding why);

  const WebSocketDeflate deflate_;
  const WebSocketInflateLimits limits_;
  Output& output_;
  z_stream stream_ = {};
  bool has_stream_ = false;
  bool has_context_ = true;
  WebSocketDecoding decoding_ = WebSocketDecoding::kInflated;
  uint64_t in_bytes_ = 0;  // of the message at hand
  uint64_t out_bytes_ = 0;
};

}  // namespace qtap::http
