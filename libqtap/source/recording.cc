// SPDX-License-Identifier: Apache-2.0
#include "source/recording.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "source/record_layout.h"

namespace qtap::source {
namespace {

Error damaged(const char* what, size_t offset) {
  return {"QT073", QTAP_ERR_CORRUPT, std::string(what) + " at byte " + std::to_string(offset)};
}

// What another version could have changed is not looked at before the version is known.
Status check_identity(std::span<const uint8_t> bytes, const RecordingHead& head) {
  if (bytes.empty()) return damaged("the file is empty, not a recording", 0);
  const size_t marked = std::min(bytes.size(), sizeof head.magic);
  if (std::memcmp(bytes.data(), kRecordingMagic, marked) != 0) {
    return damaged("not a recording, no QTAPREC mark", 0);
  }
  if (bytes.size() < sizeof head) return damaged("the file ends inside its head", bytes.size());
  if (head.byte_order == kOtherByteOrder) {
    return Error{"QT074", QTAP_ERR_UNSUPPORTED,
                 "written on a machine of the other byte order, replay it on such a one; at byte " +
                     std::to_string(offsetof(RecordingHead, byte_order))};
  }
  if (head.byte_order != kByteOrderMark) {
    return damaged("no byte-order mark", offsetof(RecordingHead, byte_order));
  }
  if (head.format_version != kRecordingVersion || head.record_version != QTAP_RECORD_VERSION) {
    return Error{"QT075", QTAP_ERR_UNSUPPORTED,
                 "format " + std::to_string(head.format_version) + " with records of version " +
                     std::to_string(head.record_version) + ", this library reads " +
                     std::to_string(kRecordingVersion) + " with " +
                     std::to_string(QTAP_RECORD_VERSION) +
                     "; replay it with the version that wrote it; at byte " +
                     std::to_string(offsetof(RecordingHead, format_version))};
  }
  return {};
}

}  // namespace

std::vector<uint8_t> encode_head(const Origin& origin) {
  const std::string hostname = origin.hostname.substr(0, kMaxHeadText);
  const std::string instance = origin.instance.substr(0, kMaxHeadText);
  RecordingHead head = {};
  std::memcpy(head.magic, kRecordingMagic, sizeof head.magic);
  head.byte_order = kByteOrderMark;
  head.format_version = kRecordingVersion;
  head.record_version = QTAP_RECORD_VERSION;
  head.hostname_len = static_cast<uint16_t>(hostname.size());
  head.instance_len = static_cast<uint16_t>(instance.size());
  head.boot_to_unix_ns = origin.boot_to_unix_ns;
  head.id_seed = origin.id_seed;

  const auto* fixed = reinterpret_cast<const uint8_t*>(&head);
  std::vector<uint8_t> out(fixed, fixed + sizeof head);
  out.insert(out.end(), hostname.begin(), hostname.end());
  out.insert(out.end(), instance.begin(), instance.end());
  const uint32_t crc = recording_crc(out);
  const auto* crc_bytes = reinterpret_cast<const uint8_t*>(&crc);
  out.insert(out.end(), crc_bytes, crc_bytes + sizeof crc);
  return out;
}

Result<DecodedHead> decode_head(std::span<const uint8_t> bytes) {
  RecordingHead head = {};
  if (!bytes.empty()) std::memcpy(&head, bytes.data(), std::min(bytes.size(), sizeof head));
  QTAP_CHECK(check_identity(bytes, head));
  if (head.hostname_len > kMaxHeadText || head.instance_len > kMaxHeadText) {
    return damaged("a name is too long", offsetof(RecordingHead, hostname_len));
  }
  const size_t text_end = sizeof head + head.hostname_len + head.instance_len;
  uint32_t crc = 0;
  if (bytes.size() < text_end + sizeof crc) {
    return damaged("the file ends inside its head", bytes.size());
  }
  std::memcpy(&crc, bytes.data() + text_end, sizeof crc);
  if (recording_crc(bytes.first(text_end)) != crc) {
    return damaged("the checksum of the head does not match", text_end);
  }
  constexpr auto kMaxOffsetNs = static_cast<int64_t>(kMaxTimeNs);
  if (head.boot_to_unix_ns < -kMaxOffsetNs || head.boot_to_unix_ns > kMaxOffsetNs) {
    return damaged("time out of range", offsetof(RecordingHead, boot_to_unix_ns));
  }

  const char* text = reinterpret_cast<const char*>(bytes.data()) + sizeof head;
  DecodedHead decoded;
  decoded.origin.boot_to_unix_ns = head.boot_to_unix_ns;
  decoded.origin.id_seed = head.id_seed;
  decoded.origin.hostname.assign(text, head.hostname_len);
  decoded.origin.instance.assign(text + head.hostname_len, head.instance_len);
  decoded.size = text_end + sizeof crc;
  return decoded;
}

uint32_t recording_crc(std::span<const uint8_t> bytes) {
  return static_cast<uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace qtap::source
