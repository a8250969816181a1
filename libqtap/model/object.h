// SPDX-License-Identifier: Apache-2.0
// An object: sensitive bytes that go only to storage that the user owns. Immutable once handed out.
#pragma once

#include <cstdint>
#include <string>

#include "base/ref.h"
#include "model/transaction.h"

namespace qtap {

struct Object : RefCounted {
  std::string type;          // "http_transaction"
  std::string content_type;  // "application/json"
  std::string data;
  std::string digest;            // lower-case hex SHA-256 of data: the key
  Ref<Transaction> transaction;  // whose object it is; source of the artifact_record's summary
  // Decoded bodies that the transaction had lent when this went to the stores: what a queue holds
  // with it.
  uint64_t lent_bytes = 0;
};

}  // namespace qtap
