// SPDX-License-Identifier: Apache-2.0
#include "proto/message_reader.h"

namespace qtap::proto {

void MessageTeller::tell(StreamMessage message) {
  message.protocol = protocol_;
  message.part = part_;
  message.direction = direction_;
  if (tx_.messages && !count_message(*tx_.messages, message)) events_.on_limit();
  // Not damage, nor a gap: these leave less than there was room for. SSE: the type has its share.
  const bool is_full = message.payload.size() + message.type.size() >= room();
  if (room() > 0 && is_full && (message.flags & kMessageTruncated) != 0) events_.on_limit();
  events_.on_message(tx_, message);
}

void MessageTeller::lose() {
  if (tx_.messages) tx_.messages->flow(part_).is_lost = true;
  events_.on_messages_lost(tx_, protocol_, direction_);
}

}  // namespace qtap::proto
