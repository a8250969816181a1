// SPDX-License-Identifier: Apache-2.0
// One direction of an HTTP/2 connection: bytes and gaps in, frames out. It knows where it is in a
// frame and nothing of streams. The payload of DATA is handed on as it comes; of all else it is
// whole.
//
//     state     bytes                        gap                            ends by
//     kStart    the preface is compared      → kSearch                      all 24: the client;
//                                                                           another: the server
//     kHeader   9 bytes are collected        → kSearch                      9 bytes
//     kPadding  the length of the padding    the frame's data is lost       1 byte
//     kData     handed on                    the same bytes are missing     the end of the frame
//     kPayload  collected, unless whole      the frame is lost → kSkip      the end of the frame
//     kSkip     passed over                  the same                       the end of the frame
//     kSearch   a frame is looked for        looked for behind it           a proof
//     kSilent   ignored                      ignored                        never
// A gap that reaches beyond its frame leads to kSearch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/timed_bytes.h"
#include "http/h2_boundary.h"
#include "http/h2_frames.h"

namespace qtap::http {

class H2Side {
 public:
  enum class Want : uint8_t { kPayload, kNothing };

  class Events {
   public:
    virtual ~Events() = default;
    // It begins with the preface, or else with a frame.
    virtual void on_start(H2Side& side, bool has_preface) = 0;
    // A header is complete. The payload of DATA comes by on_data, else by on_payload.
    virtual Want on_header(H2Side& side) = 0;
    virtual void on_payload(H2Side& side, std::string_view payload) = 0;
    // What the gap took of a frame is unknown to on_payload: it does not come.
    virtual void on_payload_lost(H2Side& side) = 0;
    virtual void on_padding(H2Side& side, bool fits) = 0;
    virtual void on_data(H2Side& side, std::string_view bytes) = 0;
    // UINT64_MAX: so many as there were, which is not known.
    virtual void on_data_missing(H2Side& side, uint64_t len) = 0;
    virtual void on_data_end(H2Side& side) = 0;
    // Frames may be missing: where a loss begins, and where a frame is found again.
    virtual void on_loss(H2Side& side) = 0;
    virtual void on_limit() = 0;
    // The other direction is in the middle of frames.
    virtual bool is_other_proven(const H2Side& side) const = 0;
  };

  H2Side(unsigned index, Events& events) : index_(index), events_(events) {}
  H2Side(const H2Side&) = delete;
  H2Side& operator=(const H2Side&) = delete;

  void start_late() { state_ = State::kSearch; }
  void start_with_frames() { state_ = State::kHeader; }

  void data(int64_t time_ns, std::string_view bytes);
  void gap(int64_t time_ns, uint64_t len);
  // Of `len` bytes that did not come, how many were surely the body's or padding: those are passed.
  uint64_t pass_data(int64_t time_ns, uint64_t len);
  uint64_t data_left() const { return state_ == State::kData ? left_ - padding_ : 0; }
  // The other direction is known to be frames: less proof is needed for this one.
  void relax();
  // From inside of a callback: what comes is no frame any more. Tells no loss.
  void fail();

  bool searching() const { return state_ == State::kSearch || state_ == State::kSilent; }
  unsigned index() const { return index_; }
  const H2FrameHeader& frame() const { return frame_; }
  uint64_t frame_offset() const { return frame_offset_; }  // of its first byte, in the direction
  int64_t frame_ns() const { return frame_ns_; }           // of its first byte
  int64_t now_ns() const { return now_ns_; }
  uint64_t frames() const { return frames_; }  // since it began, or was found

 private:
  enum class State : uint8_t {
    kStart,
    kHeader,
    kPadding,
    kData,
    kPayload,
    kSkip,
    kSearch,
    kSilent
  };
  size_t read_start(std::string_view bytes);
  size_t read_header(std::string_view bytes);
  size_t read_padding(std::string_view bytes);
  size_t read_data(std::string_view bytes);
  size_t read_payload(std::string_view bytes);
  size_t skip(std::string_view bytes);
  void search(std::string_view bytes);
  void read_again(const TimedBytes& begun, size_t uncounted);
  void resume(size_t begun, size_t uncounted);
  void begin_frame();
  void end_data();
  void lose_in_frame(uint64_t len);

  const unsigned index_;
  Events& events_;
  State state_ = State::kStart;
  int64_t now_ns_ = 0;
  int64_t frame_ns_ = 0;
  uint64_t offset_ = 0;  // of the next byte, gaps included
  uint64_t frame_offset_ = 0;
  H2FrameHeader frame_;
  uint64_t frames_ = 0;
  uint32_t left_ = 0;       // bytes of the payload still to come, with padding
  uint32_t padding_ = 0;    // of these
  bool ends_data_ = false;  // kSkip: the rest of a DATA frame
  int errors_ = 0;          // fail() in a row
  std::string part_;        // of the preface, a header or a payload
  H2Boundary boundary_;
  TimedBytes held_;  // kSearch
};

}  // namespace qtap::http
