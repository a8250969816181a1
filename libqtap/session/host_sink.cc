// SPDX-License-Identifier: Apache-2.0
#include "session/host_sink.h"

#include <algorithm>
#include <array>

#include "model/handles.h"

namespace qtap::session {
namespace {

constexpr size_t kMaxUrl = 4096;  // longer than any store accepts as a key with its endpoint

}  // namespace

Status HostSink::outcome(const char* call, int result) const {
  if (result >= 0) return {};
  return Error{"QT097", result,
               "sink " + id_ + ": " + call + " returned " + std::to_string(result)};
}

Status HostSink::put_event(const Ref<Event>& event) {
  return outcome("put_event", ops_.put_event(user_, to_c(*event)));
}

Status HostSink::put_object(const Ref<Object>& object) {
  return outcome("put_object", ops_.put_object(user_, to_c(*object)));
}

Status HostSink::put_body(const sink::BodyPart& part) {
  const BodyChunk& chunk = part.chunk;
  const auto flag = [](uint32_t bit, bool is_set) { return is_set ? bit : 0u; };
  const qtap_body_chunk piece = {
      .size = sizeof(qtap_body_chunk),
      .transaction_id = chunk.transaction_id.c_str(),
      .connection_id = chunk.connection_id.c_str(),
      .message = static_cast<int>(chunk.message),
      .direction = static_cast<int>(chunk.direction),
      .flags = flag(QTAP_BODY_FIRST, part.first) | flag(QTAP_BODY_LAST, chunk.last) |
               flag(QTAP_BODY_TRUNCATED, part.truncated) |
               flag(QTAP_BODY_LENGTH_UNKNOWN, chunk.last && !chunk.length_known),
      .offset = chunk.offset,
      .missing = part.missing,
      .bytes = chunk.data.data(),
      .len = chunk.data.size(),
  };
  return outcome("put_body", ops_.put_body(user_, &piece));
}

std::string HostSink::locate(const Object& object) const {
  if (!ops_.locate) return {};
  std::array<char, kMaxUrl> url;
  const int len = ops_.locate(user_, to_c(object), url.data(), url.size());
  if (len <= 0) return {};
  return std::string(url.data(), std::min(static_cast<size_t>(len), url.size() - 1));
}

Status HostSink::flush(int timeout_ms) {
  return ops_.flush ? outcome("flush", ops_.flush(user_, timeout_ms)) : Status();
}

void HostSink::close() {
  if (ops_.close) ops_.close(user_);
}

}  // namespace qtap::session
