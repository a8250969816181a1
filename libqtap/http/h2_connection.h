// SPDX-License-Identifier: Apache-2.0
// In: bytes, gaps and skipped bytes of both directions of one HTTP/2 connection (RFC 9113), seen
// from outside. Out: heads, body pieces, trailers and ends of its streams, by H2Events. Owned by
// whoever feeds it, on one thread; it keeps no body and at most one field block. What it cannot use
// is told: errors by on_error(), limits by on_limit(), losses by on_lost().
//
// Directions are 0 and 1; which of them asks is found out. Times are the caller's and only handed
// on. An error ends a stream where the RFC says stream; where it says connection, the direction is
// searched for the next provable frame, as after a loss.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/h2_frames.h"
#include "http/h2_head.h"
#include "http/h2_settings.h"
#include "http/h2_side.h"
#include "http/h2_streams.h"
#include "http/hpack.h"

namespace qtap::http {

struct H2Limits {
  uint64_t header_bytes = 256u << 10;  // names and values of one head that are kept
  uint32_t streams = 1000;             // open at once
};

// Why a stream is over.
enum class H2Ending : uint8_t {
  kDone,     // both parts have ended
  kReset,    // RST_STREAM, or GOAWAY said that it will not be answered
  kError,    // a peer broke the rules of a stream
  kDropped,  // H2Limits::streams
};

class H2Events {
 public:
  virtual ~H2Events() = default;
  // This direction asks, the other one answers.
  virtual void on_client(unsigned direction) = 0;
  // A stream begins.
  virtual void on_request(H2Stream& stream, H2Head&& head) = 0;
  // Interim ones too (RFC 9110, 15.2). Again for a response whose status was unknown: that one was
  // interim.
  virtual void on_response(H2Stream& stream, H2Head&& head) = 0;
  virtual void on_trailers(H2Stream& stream, H2Part part, H2Head&& head) = 0;
  // At H2Half::body_bytes.
  virtual void on_body(H2Stream& stream, H2Part part, std::string_view bytes) = 0;
  virtual void on_body_missing(H2Stream& stream, H2Part part, uint64_t len) = 0;
  // Some of its frames may be missing, and with them its end.
  virtual void on_lost(H2Stream& stream, H2Part part) = 0;
  virtual void on_part_end(H2Stream& stream, H2Part part) = 0;
  // Its last event; the stream is gone afterwards.
  virtual void on_stream_end(H2Stream& stream, H2Ending ending, H2Error code) = 0;
  virtual void on_goaway(unsigned /*direction*/, uint32_t /*last_stream*/, H2Error /*code*/) {}
  // A peer broke the rules, in the frame at this offset of this direction.
  virtual void on_error(unsigned direction, uint64_t offset, H2Verdict verdict,
                        uint32_t stream) = 0;
  virtual void on_limit() = 0;
};

class H2Connection final : private H2Side::Events {
 public:
  // kFresh: both directions from their first byte. kLate: they may begin anywhere.
  enum class Start : uint8_t { kFresh, kLate };

  H2Connection(Start start, const H2Limits& limits, H2Events& events);

  // RFC 7540, 3.2: the request that was answered by 101 is stream 1, and is complete. `settings`:
  // the payload of its HTTP2-Settings field. Before any byte.
  H2Stream& upgrade(unsigned client, std::string_view settings, bool is_head);

  void data(unsigned direction, int64_t time_ns, std::string_view bytes);
  void gap(unsigned direction, int64_t time_ns, uint64_t len);
  // Bytes that were left out on purpose. Those in no body are a gap.
  void skipped(unsigned direction, int64_t time_ns, uint64_t len);
  // How many of the next bytes are surely body.
  uint64_t body_left(unsigned direction) const { return sides_[direction].data_left(); }

  bool has_streams() const { return !streams_.empty(); }
  // The last call: no stream is open any more, and none is told.
  template <typename Take>
  void take_streams(Take take) {
    streams_.for_each(take);
    streams_.clear();
    data_stream_ = {};
  }

  // Inside of an event: when the first byte of the frame (of a head: of its first frame) and the
  // last byte came.
  int64_t begin_ns() const { return begin_ns_; }
  int64_t now_ns() const { return now_ns_; }
  // Header fields whose name or value could not be known.
  uint64_t unknown_fields() const { return unknown_fields_; }

 private:
  // A field block on its way (RFC 9113, 4.3): nothing else may come in between.
  struct Block {
    uint32_t stream = 0;  // 0: none
    uint32_t promised = 0;
    bool ends_stream = false;
    bool dropped = false;  // it cannot be decoded
    int continuations = 0;
    uint64_t wire_bytes = 0;
    int64_t begin_ns = 0;
    H2HeadReader reader;
  };

  void on_start(H2Side& side, bool has_preface) override;
  H2Side::Want on_header(H2Side& side) override;
  void on_payload(H2Side& side, std::string_view payload) override;
  void on_payload_lost(H2Side& side) override;
  void on_padding(H2Side& side, bool fits) override;
  void on_data(H2Side& side, std::string_view bytes) override;
  void on_data_missing(H2Side& side, uint64_t len) override;
  void on_data_end(H2Side& side) override;
  void on_loss(H2Side& side) override;
  void on_limit() override { events_.on_limit(); }
  bool is_other_proven(const H2Side& side) const override {
    return !sides_[1 - side.index()].searching();
  }

  H2Side::Want begin_data(H2Side& side);
  H2Verdict check_order(const H2Side& side) const;
  void on_unknown_stream(H2Side& side);
  bool was_reset(uint32_t stream) const;
  void begin_block(H2Side& side, std::string_view payload);
  void add_block(H2Side& side, std::string_view fragment);
  void end_block(H2Side& side);
  void end_dropped_block(H2Side& side);
  void take_head(H2Side& side, H2Head& head);
  bool learn_client_from(H2Side& side, const H2Head& head);
  void take_answer(H2Side& side, H2Stream& stream, H2Head& head);
  void take_request(H2Side& side, H2Head& head);
  void take_promise(H2Side& side, H2Head& head);
  void take_response(H2Side& side, H2Stream& stream, H2Head& head);
  void take_trailers(H2Side& side, H2Stream& stream, H2Part part, H2Head& head);
  void on_settings(H2Side& side, std::string_view payload);
  void on_reset(H2Side& side, H2Error code);
  void on_goaway(H2Side& side, std::string_view payload);
  void on_window_update(H2Side& side, std::string_view payload);

  void learn_client(unsigned direction);
  bool is_client(const H2Side& side) const { return client_ == static_cast<int>(side.index()); }
  H2Part part_of(const H2Side& side) const {
    return is_client(side) ? H2Part::kRequest : H2Part::kResponse;
  }
  unsigned direction_of(const H2Stream& stream, H2Part part) const {
    const bool asks = part == H2Part::kRequest && !stream.is_pushed;
    return asks == (client_ == 0) ? 0 : 1;
  }
  H2Side& other(const H2Side& side) { return sides_[1 - side.index()]; }
  H2Stream* find(uint32_t id) { return streams_.find(id); }
  H2Stream& open(uint32_t id);
  void end_part(H2Stream& stream, H2Part part);
  void end_stream(H2Stream& stream, H2Ending ending, H2Error code);
  void lose_part(H2Stream& stream, H2Part part);
  void lose_parts(const H2Side& side);
  // Tells an error, and ends what it ends.
  void fail(H2Side& side, H2Verdict verdict, uint32_t stream);

  bool complete() const { return complete_[0] && complete_[1]; }

  const H2Limits limits_;
  H2Events& events_;
  std::array<H2Side, 2> sides_;
  std::array<HpackDecoder, 2> decoders_;  // of what comes in this direction
  std::array<H2Settings, 2> settings_;    // that came in this direction
  std::array<Block, 2> blocks_;
  std::array<H2Stream*, 2> data_stream_ = {};  // whose DATA is on its way
  std::array<uint32_t, 2> data_bytes_ = {};    // of the frame
  std::array<bool, 2> complete_ = {};          // no frame of this direction was missed
  int client_ = -1;
  H2Streams streams_;
  uint32_t last_request_ = 0;  // the highest stream that the client began
  uint32_t last_promise_ = 0;
  std::vector<uint32_t> reset_;  // streams that were reset lately: their peer may not know yet
  size_t reset_at_ = 0;
  int64_t begin_ns_ = 0;
  int64_t now_ns_ = 0;
  uint64_t unknown_fields_ = 0;
};

}  // namespace qtap::http
