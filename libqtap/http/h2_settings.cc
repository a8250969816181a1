// SPDX-License-Identifier: Apache-2.0
#include "http/h2_settings.h"

#include <algorithm>

namespace qtap::http {
namespace {

// RFC 9113, 6.5.2.
constexpr uint16_t kHeaderTableSize = 0x1;
constexpr uint16_t kEnablePush = 0x2;
constexpr uint16_t kInitialWindowSize = 0x4;
constexpr uint16_t kMaxFrameSize = 0x5;
constexpr uint32_t kMaxWindow = 0x7fffffffu;

constexpr size_t kEntryBytes = 6;
// NGHTTP2_DEFAULT_MAX_SETTINGS of nghttp2.h: entries of one frame.
constexpr size_t kMaxEntries = 32;
// NGHTTP2_DEFAULT_MAX_OBQ_FLOOD_ITEM of nghttp2.h: frames that wait for an acknowledgement.
constexpr size_t kMaxWaiting = 1000;

H2Verdict check(uint16_t id, uint32_t value, bool from_server) {
  if (id == kEnablePush && (value > 1 || (from_server && value == 1))) {
    return H2Verdict::connection(H2Error::kProtocol);
  }
  if (id == kInitialWindowSize && value > kMaxWindow) {
    return H2Verdict::connection(H2Error::kFlowControl);
  }
  if (id == kMaxFrameSize && (value < kH2DefaultFrameBytes || value > kH2MaxFrameBytes)) {
    return H2Verdict::connection(H2Error::kProtocol);
  }
  return {};
}

}  // namespace

H2Verdict H2Settings::read(std::string_view payload, bool from_server) {
  std::optional<TableSizes> sizes;
  over_limit_ = payload.size() > kMaxEntries * kEntryBytes || waiting_.size() >= kMaxWaiting;
  for (; payload.size() >= kEntryBytes; payload.remove_prefix(kEntryBytes)) {
    const auto* entry = reinterpret_cast<const uint8_t*>(payload.data());
    const auto id = static_cast<uint16_t>(entry[0] << 8 | entry[1]);
    const uint32_t value = read_u32(entry + 2);
    const H2Verdict verdict = check(id, value, from_server);
    if (!verdict.fine()) return verdict;
    if (id == kMaxFrameSize) max_frame_ = std::max(max_frame_, value);
    if (id == kHeaderTableSize) {
      sizes = {.least = std::min(value, sizes ? sizes->least : value), .last = value};
    }
  }
  if (waiting_.size() < kMaxWaiting) waiting_.push_back(sizes);
  return {};
}

std::optional<H2Settings::TableSizes> H2Settings::acknowledge() {
  if (waiting_.empty()) return std::nullopt;
  const std::optional<TableSizes> sizes = waiting_.front();
  waiting_.pop_front();
  return sizes;
}

void H2Settings::lose() {
  waiting_.clear();
  max_frame_ = kH2MaxFrameBytes;
}

}  // namespace qtap::http
