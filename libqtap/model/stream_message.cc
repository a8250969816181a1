// SPDX-License-Identifier: Apache-2.0
#include "model/stream_message.h"

#include <algorithm>

namespace qtap {

const char* stream_protocol_name(StreamProtocol protocol) {
  constexpr const char* kNames[] = {"", "grpc", "websocket", "sse"};
  return kNames[static_cast<size_t>(protocol)];
}

std::optional<uint64_t> MessageFlow::max_gap_us() const {
  if (messages < 2) return std::nullopt;
  return static_cast<uint64_t>(max_gap_ns) / 1000;
}

std::optional<uint64_t> MessageFlow::mean_gap_us() const {
  if (messages < 2) return std::nullopt;
  const int64_t between_ns = std::max<int64_t>(last_end_ns - first_end_ns, 0);
  return static_cast<uint64_t>(between_ns) / (messages - 1) / 1000;
}

bool count_message(Messages& messages, const StreamMessage& message) {
  MessageFlow& flow = messages.flow(message.part);
  if (message.close_code != 0 && !flow.close_code) flow.close_code = message.close_code;
  if (!message.is_control()) {
    if ((message.flags & kMessageAfterLoss) != 0) flow.is_lost = true;
    if ((message.flags & kMessageCompressed) != 0) ++flow.compressed;
    if (flow.messages++ == 0) {
      flow.first_end_ns = message.last_ns;
    } else {
      flow.max_gap_ns = std::max(flow.max_gap_ns, message.last_ns - flow.last_end_ns);
    }
    flow.last_end_ns = message.last_ns;
    flow.bytes += message.wire_length;
  }
  if (messages.list.size() >= Messages::kMaxListed) return ++messages.left_out > 1;
  messages.list.push_back({.part = message.part,
                           .opcode = message.opcode,
                           .flags = message.flags,
                           .size = message.wire_length,
                           .first_ns = message.first_ns,
                           .last_ns = message.last_ns});
  return true;
}

}  // namespace qtap
