// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frame headers: what they say, and which of them RFC 9113 allows. No state, no bytes kept.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qtap::http {

// RFC 9113, 6; what is not listed is an extension and is passed over (RFC 9113, 5.5).
enum class H2Type : uint8_t {
  kData = 0x0,
  kHeaders = 0x1,
  kPriority = 0x2,
  kRstStream = 0x3,
  kSettings = 0x4,
  kPushPromise = 0x5,
  kPing = 0x6,
  kGoaway = 0x7,
  kWindowUpdate = 0x8,
  kContinuation = 0x9,
};

// Flags; which type knows which: RFC 9113, 6.1 to 6.10.
constexpr uint8_t kH2EndStream = 0x1;
constexpr uint8_t kH2Ack = 0x1;
constexpr uint8_t kH2EndHeaders = 0x4;
constexpr uint8_t kH2Padded = 0x8;
constexpr uint8_t kH2Priority = 0x20;

// RFC 9113, 7.
enum class H2Error : uint32_t {
  kNone = 0x0,
  kProtocol = 0x1,
  kFlowControl = 0x3,
  kStreamClosed = 0x5,
  kFrameSize = 0x6,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kCompression = 0x9,
};

const char* h2_error_name(H2Error error);  // "PROTOCOL_ERROR"

constexpr size_t kH2HeaderBytes = 9;              // RFC 9113, 4.1
constexpr uint32_t kH2DefaultFrameBytes = 16384;  // RFC 9113, 6.5.2, SETTINGS_MAX_FRAME_SIZE
constexpr uint32_t kH2MaxFrameBytes = (1u << 24) - 1;
// RFC 9113, 3.4.
inline constexpr char kH2Preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kH2PrefaceBytes = sizeof kH2Preface - 1;

struct H2FrameHeader {
  uint32_t length = 0;  // of the payload
  uint8_t type = 0;     // an H2Type, or unknown
  uint8_t flags = 0;
  uint32_t stream = 0;  // without the reserved bit
  bool reserved = false;

  bool is(H2Type wanted) const { return type == static_cast<uint8_t>(wanted); }
  bool has(uint8_t flag) const { return (flags & flag) != 0; }
  // Carries (a part of) a field block, which must be decoded whatever becomes of its stream.
  bool has_fields() const {
    return is(H2Type::kHeaders) || is(H2Type::kPushPromise) || is(H2Type::kContinuation);
  }
};

// Of 9 bytes.
H2FrameHeader read_h2_header(const uint8_t* bytes);
uint32_t read_u32(const uint8_t* bytes);

struct H2Verdict {
  enum class Scope : uint8_t { kFine, kStream, kConnection };
  Scope scope = Scope::kFine;
  H2Error error = H2Error::kNone;

  bool fine() const { return scope == Scope::kFine; }
  static H2Verdict stream(H2Error error) { return {Scope::kStream, error}; }
  static H2Verdict connection(H2Error error) { return {Scope::kConnection, error}; }
};

// What RFC 9113 says of a header alone: its length and its stream id. `max_frame`: what the
// receiver has announced.
H2Verdict check_h2_header(const H2FrameHeader& header, uint32_t max_frame);

// How much these 9 bytes speak for being a frame header, in bits: so much rarer are they among
// random bytes. 0: they are none, or of no known type.
int h2_evidence_bits(const H2FrameHeader& header);

}  // namespace qtap::http
