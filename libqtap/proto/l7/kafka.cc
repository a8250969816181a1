// SPDX-License-Identifier: Apache-2.0
// Kafka (kafka.apache.org/protocol): requests with a length, a key, a version and a number, which
// the answer repeats.
#include "proto/byte_reader.h"
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr uint32_t kMaxRequest = 100u << 20;  // socket.request.max.bytes, its default
constexpr uint32_t kMaxKey = 100;             // 92 is the highest today
constexpr uint32_t kMaxVersion = 20;          // 18 is the highest today
constexpr uint32_t kMaxClientId = 255;
constexpr uint32_t kApiVersions = 18;  // what clients begin with
constexpr uint32_t kNull = 0xffff;
constexpr uint32_t kMinRequest = 10;  // key, version, number, length of the client's id

}  // namespace

Verdict kafka_client(std::string_view client) {
  ByteReader r(client);
  const uint32_t size = r.number(4);
  if (!r.ok()) {
    return client.empty() || static_cast<uint8_t>(client[0]) <= kMaxRequest >> 24
               ? Verdict::kNeedMore
               : Verdict::kNo;
  }
  if (size < kMinRequest || size > kMaxRequest) return Verdict::kNo;
  const uint32_t key = r.number(2);
  if (r.ok() && key > kMaxKey) return Verdict::kNo;
  if (const uint32_t version = r.number(2); r.ok() && version > kMaxVersion) return Verdict::kNo;
  r.number(4);
  const uint32_t id_len = r.number(2);
  if (!r.ok()) return Verdict::kNeedMore;
  if (id_len == kNull) return Verdict::kYes;
  // A client without a name only counts where nothing else begins alike: ZooKeeper's first message
  // is a Produce request otherwise.
  if (id_len == 0 && key != kApiVersions) return Verdict::kNo;
  if (id_len > kMaxClientId || id_len + kMinRequest > size) return Verdict::kNo;
  const std::string_view id = r.take(id_len);
  if (!r.ok()) return Verdict::kNeedMore;
  return is_printable(id) ? Verdict::kYes : Verdict::kNo;
}

Verdict kafka_server(std::string_view server, std::string_view client) {
  ByteReader asked(client.substr(std::min<size_t>(client.size(), 8)));
  const uint32_t asked_number = asked.number(4);
  ByteReader r(server);
  const uint32_t size = r.number(4);
  const uint32_t number = r.number(4);
  if (!r.ok() || !asked.ok()) return Verdict::kNeedMore;
  return size >= 6 && size <= kMaxRequest && number == asked_number ? Verdict::kYes : Verdict::kNo;
}

}  // namespace qtap::proto::l7
