// SPDX-License-Identifier: Apache-2.0
// An object: sensitive bytes that go only to storage that the user owns. Immutable once handed out.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/ref.h"
#include "model/transaction.h"

namespace qtap {

// What an artifact_record tells about the transaction. An object that waited on a disk for its
// storage has only this.
struct ArtifactText {
  std::string common;   // members of a JSON document, without its braces
  std::string summary;  // a JSON document
  std::string connection_id;
  std::string request_id;
  int64_t start_ns = 0;  // of the first byte; nanoseconds since 1970 UTC, as the next
  int64_t end_ns = 0;
};

// Which digest a store names objects by.
enum class DigestKind : uint8_t { kSha256, kSha1 };

struct Object : RefCounted {
  std::string type;          // "http_transaction"
  std::string content_type;  // "application/json"
  std::string data;
  std::string digest;            // lower-case hex SHA-256 of data
  Ref<Transaction> transaction;  // whose object it is; none: `artifact` says what is known
  ArtifactText artifact;
  // Decoded bodies that the transaction had lent when this went to the stores: what a queue holds
  // with it.
  uint64_t lent_bytes = 0;
  // digest_of() alone uses these.
  mutable std::once_flag sha1_once;
  mutable std::string sha1;
};

// Lower-case hex. SHA-1 is worked out when it is asked for first. Any thread.
const std::string& digest_of(const Object& object, DigestKind kind);

}  // namespace qtap
