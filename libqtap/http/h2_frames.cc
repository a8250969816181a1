// SPDX-License-Identifier: Apache-2.0
#include "http/h2_frames.h"

namespace qtap::http {
namespace {

constexpr uint8_t kTypes = 10;

struct TypeRule {
  uint8_t flags;            // that the type knows
  uint32_t min_length;      // of the payload
  uint32_t fixed_length;    // 0: any
  bool on_connection;       // stream 0 is allowed
  bool on_stream;           // others are
  bool length_ends_stream;  // a wrong fixed length is a stream error
};

// By type: RFC 9113, 6.1 to 6.10.
constexpr TypeRule kRules[kTypes] = {
    /*DATA*/ {kH2EndStream | kH2Padded, 0, 0, false, true, false},
    /*HEADERS*/
    {kH2EndStream | kH2EndHeaders | kH2Padded | kH2Priority, 0, 0, false, true, false},
    /*PRIORITY*/ {0, 5, 5, false, true, true},
    /*RST_STREAM*/ {0, 4, 4, false, true, false},
    /*SETTINGS*/ {kH2Ack, 0, 0, true, false, false},
    /*PUSH_PROMISE*/ {kH2EndHeaders | kH2Padded, 4, 0, false, true, false},
    /*PING*/ {kH2Ack, 8, 8, true, false, false},
    /*GOAWAY*/ {0, 8, 0, true, false, false},
    /*WINDOW_UPDATE*/ {0, 4, 4, true, true, false},
    /*CONTINUATION*/ {kH2EndHeaders, 0, 0, false, true, false},
};

constexpr int kTypeBits = 4;  // ten of 256

int bits_of(uint32_t flags) {
  int bits = 0;
  for (; flags != 0; flags >>= 1) bits += static_cast<int>(flags & 1);
  return bits;
}

}  // namespace

uint32_t read_u32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

const char* h2_error_name(H2Error error) {
  switch (error) {
    case H2Error::kNone:
      return "NO_ERROR";
    case H2Error::kFlowControl:
      return "FLOW_CONTROL_ERROR";
    case H2Error::kStreamClosed:
      return "STREAM_CLOSED";
    case H2Error::kFrameSize:
      return "FRAME_SIZE_ERROR";
    case H2Error::kRefusedStream:
      return "REFUSED_STREAM";
    case H2Error::kCancel:
      return "CANCEL";
    case H2Error::kCompression:
      return "COMPRESSION_ERROR";
    case H2Error::kProtocol:
      break;
  }
  return "PROTOCOL_ERROR";
}

H2FrameHeader read_h2_header(const uint8_t* bytes) {
  H2FrameHeader header;
  header.length = uint32_t{bytes[0]} << 16 | uint32_t{bytes[1]} << 8 | bytes[2];
  header.type = bytes[3];
  header.flags = bytes[4];
  const uint32_t stream = read_u32(bytes + 5);
  header.stream = stream & 0x7fffffffu;
  header.reserved = (stream >> 31) != 0;
  return header;
}

H2Verdict check_h2_header(const H2FrameHeader& header, uint32_t max_frame) {
  const bool is_known = header.type < kTypes;
  if (header.length > max_frame) {
    // RFC 9113, 4.2: what could change the state of the connection ends it.
    const bool ends_all = header.has_fields() || header.is(H2Type::kSettings) || header.stream == 0;
    return ends_all ? H2Verdict::connection(H2Error::kFrameSize)
                    : H2Verdict::stream(H2Error::kFrameSize);
  }
  if (!is_known) return {};
  const TypeRule& rule = kRules[header.type];
  if (header.stream == 0 ? !rule.on_connection : !rule.on_stream) {
    return H2Verdict::connection(H2Error::kProtocol);
  }
  const bool fits = header.length >= rule.min_length &&
                    (rule.fixed_length == 0 || header.length == rule.fixed_length);
  if (!fits) {
    return rule.length_ends_stream ? H2Verdict::stream(H2Error::kFrameSize)
                                   : H2Verdict::connection(H2Error::kFrameSize);
  }
  if (header.is(H2Type::kSettings)) {
    const bool is_whole = header.has(kH2Ack) ? header.length == 0 : header.length % 6 == 0;
    if (!is_whole) return H2Verdict::connection(H2Error::kFrameSize);
  }
  return {};
}

int h2_evidence_bits(const H2FrameHeader& header) {
  // A frame of the default size or less, on a stream of the first 2^24: what is in use. Larger DATA
  // is, too (Go announces 1 MiB), and speaks less.
  constexpr uint32_t kLargeData = 1u << 20;
  constexpr uint32_t kUsualStreams = 1u << 24;
  if (header.type >= kTypes || header.reserved || header.stream >= kUsualStreams) return 0;
  const TypeRule& rule = kRules[header.type];
  if ((header.flags & ~rule.flags) != 0) return 0;
  const uint32_t max_length = header.is(H2Type::kData) ? kLargeData : kH2DefaultFrameBytes;
  if (!check_h2_header(header, max_length).fine()) return 0;
  const int length_bits = rule.fixed_length != 0                 ? 24
                          : header.length > kH2DefaultFrameBytes ? 4
                                                                 : 9;
  const int stream_bits = header.stream == 0 ? 32 : 8;
  return kTypeBits + (8 - bits_of(rule.flags)) + length_bits + stream_bits;
}

}  // namespace qtap::http
