// SPDX-License-Identifier: Apache-2.0
// An object: sensitive bytes that go only to storage that the user owns. Immutable once handed out.
#pragma once

#include <cstdint>
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
  int64_t time_ns = 0;  // nanoseconds since 1970 UTC
};

struct Object : RefCounted {
  std::string type;          // "http_transaction"
  std::string content_type;  // "application/json"
  std::string data;
  std::string digest;            // lower-case hex SHA-256 of data: the key
  Ref<Transaction> transaction;  // whose object it is; none: `artifact` says what is known
  ArtifactText artifact;
  // Decoded bodies that the transaction had lent when this went to the stores: what a queue holds
  // with it.
  uint64_t lent_bytes = 0;
};

}  // namespace qtap
