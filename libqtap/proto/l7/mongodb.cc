// SPDX-License-Identifier: Apache-2.0
// MongoDB's wire protocol: messages with a length, a number, the number that they answer, and what
// they are.
#include "proto/byte_reader.h"
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr uint32_t kMaxMessage = 48000000;  // maxMessageSizeBytes
constexpr uint32_t kOpReply = 1;
constexpr uint32_t kOpQuery = 2004;
constexpr uint32_t kOpCompressed = 2012;
constexpr uint32_t kOpMsg = 2013;
constexpr uint32_t kHeader = 16;
constexpr uint32_t kMsgFlags = 0x00010003;  // checksumPresent, moreToCome, exhaustAllowed
constexpr uint32_t kMinDocument = 5;        // BSON: a length and a NUL

struct Header {
  uint32_t len = 0;
  uint32_t number = 0;
  uint32_t answers = 0;
  uint32_t kind = 0;
};

Header read_header(ByteReader& r) {
  Header h;
  h.len = r.little(4);
  h.number = r.little(4);
  h.answers = r.little(4);
  h.kind = r.little(4);
  return h;
}

// A document with at least one element (bsonspec.org): a command has a name.
Verdict is_document(ByteReader& r, uint32_t room) {
  const uint32_t len = r.little(4);
  const uint32_t type = r.number(1);
  if (!r.ok()) return Verdict::kNeedMore;
  return len > kMinDocument && len <= room && type >= 1 && type <= 0x13 ? Verdict::kYes
                                                                        : Verdict::kNo;
}

// A command of OP_MSG: documents, or a list of them with a name.
Verdict is_message(ByteReader& r, uint32_t len) {
  const uint32_t flags = r.little(4);
  if (r.ok() && (flags & ~kMsgFlags) != 0) return Verdict::kNo;
  const uint32_t kind = r.number(1);
  if (!r.ok()) return Verdict::kNeedMore;
  if (kind == 0) return is_document(r, len - kHeader);
  const uint32_t size = r.little(4);
  if (!r.ok()) return Verdict::kNeedMore;
  return kind == 1 && size >= 5 && size <= len - kHeader ? Verdict::kYes : Verdict::kNo;
}

// Drivers say hello with this one: "admin.$cmd".
Verdict is_query(ByteReader& r, uint32_t len) {
  r.take(4);  // flags
  const std::string_view rest = r.rest();
  const std::string_view name = r.text_until_nul();
  if (!r.ok()) {
    return rest.size() < 128 && is_printable(rest) ? Verdict::kNeedMore : Verdict::kNo;
  }
  if (!name.ends_with(".$cmd")) return Verdict::kNo;
  r.take(8);  // to skip, to return
  return is_document(r, len - kHeader);
}

Verdict is_compressed(ByteReader& r) {
  const uint32_t kind = r.little(4);
  const uint32_t len = r.little(4);
  const uint32_t how = r.number(1);  // nothing, snappy, zlib, zstd
  if (!r.ok()) return Verdict::kNeedMore;
  return (kind == kOpMsg || kind == kOpQuery) && len <= kMaxMessage && how <= 3 ? Verdict::kYes
                                                                                : Verdict::kNo;
}

}  // namespace

Verdict mongodb_client(std::string_view client) {
  ByteReader r(client);
  const Header h = read_header(r);
  if (client.size() >= 4 && (h.len <= kHeader || h.len > kMaxMessage)) return Verdict::kNo;
  if (client.size() >= 12 && h.answers != 0) return Verdict::kNo;
  if (!r.ok()) return Verdict::kNeedMore;
  switch (h.kind) {
    case kOpMsg:
      return is_message(r, h.len);
    case kOpQuery:
      return is_query(r, h.len);
    case kOpCompressed:
      return is_compressed(r);
    default:
      return Verdict::kNo;
  }
}

Verdict mongodb_server(std::string_view server, std::string_view client) {
  ByteReader asked_bytes(client);
  const Header asked = read_header(asked_bytes);
  ByteReader r(server);
  const Header h = read_header(r);
  if (server.size() >= 4 && (h.len <= kHeader || h.len > kMaxMessage)) return Verdict::kNo;
  if (!r.ok() || !asked_bytes.ok()) return Verdict::kNeedMore;
  const bool is_answer = h.kind == kOpReply || h.kind == kOpMsg || h.kind == kOpCompressed;
  return is_answer && h.answers == asked.number ? Verdict::kYes : Verdict::kNo;
}

}  // namespace qtap::proto::l7
