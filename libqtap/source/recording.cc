// SPDX-License-Identifier: Apache-2.0
#include "source/recording.h"

#include <zlib.h>

#include <cstring>

#include "bpf/shared/records.h"

namespace qtap::source {

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

  const auto* bytes = reinterpret_cast<const uint8_t*>(&head);
  std::vector<uint8_t> out(bytes, bytes + sizeof head);
  out.insert(out.end(), hostname.begin(), hostname.end());
  out.insert(out.end(), instance.begin(), instance.end());
  return out;
}

uint32_t record_crc(std::span<const uint8_t> record) {
  return static_cast<uint32_t>(::crc32(0, record.data(), static_cast<uInt>(record.size())));
}

}  // namespace qtap::source
