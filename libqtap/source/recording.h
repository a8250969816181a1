// SPDX-License-Identifier: Apache-2.0
// The *.qrec format: docs/recording-format.md. A head that says how to read it, then records in
// frames.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/source.h"

namespace qtap::source {

inline constexpr char kRecordingMagic[8] = {'Q', 'T', 'A', 'P', 'R', 'E', 'C', '\n'};
inline constexpr uint32_t kRecordingVersion = 1;
inline constexpr uint32_t kByteOrderMark = 0x01020304;
inline constexpr uint32_t kOtherByteOrder =
    0x04030201;                              // the mark, read on a machine of the other order
inline constexpr size_t kMaxHeadText = 255;  // hostname (POSIX HOST_NAME_MAX) and instance

// Fixed part of the head; hostname, instance and the CRC-32 of all that (4 bytes) follow.
struct RecordingHead {
  char magic[8];
  uint32_t byte_order;
  uint32_t format_version;
  uint32_t record_version;  // QTAP_RECORD_VERSION
  uint16_t hostname_len;
  uint16_t instance_len;
  int64_t boot_to_unix_ns;
  uint64_t id_seed;
};
static_assert(sizeof(RecordingHead) == 40);

// Stands before each record.
struct RecordingFrame {
  uint32_t size;   // bytes of the record that follows
  uint32_t crc32;  // of these bytes
};
static_assert(sizeof(RecordingFrame) == 8);

// The largest head; texts that are longer than kMaxHeadText are cut when they are written.
inline constexpr size_t kMaxHeadBytes = sizeof(RecordingHead) + 2 * kMaxHeadText + sizeof(uint32_t);

std::vector<uint8_t> encode_head(const Origin& origin);

struct DecodedHead {
  Origin origin;
  size_t size = 0;  // bytes of the head; the first frame stands behind it
};
// `bytes`: the beginning of the file, kMaxHeadBytes of it unless it is shorter. Errors have no
// path; they end with the position. QTAP_ERR_CORRUPT: not a recording, or damaged.
// QTAP_ERR_UNSUPPORTED: another version or byte order.
Result<DecodedHead> decode_head(std::span<const uint8_t> bytes);

// CRC-32 of ISO 3309, as zlib computes it.
uint32_t recording_crc(std::span<const uint8_t> bytes);

}  // namespace qtap::source
