// SPDX-License-Identifier: Apache-2.0
// Builds objects: spec/events-and-objects.md 3.1. Sensitive.
#pragma once

#include "model/object.h"
#include "model/transaction.h"

namespace qtap {

struct ObjectOptions {
  bool headers = true;
  bool bodies = true;
  enum class HeaderList : uint8_t { kAuto, kAlways, kNever } header_list = HeaderList::kAuto;
  bool decode_bodies = false;  // without their content coding, where nothing is lost by it
  bool lacks_headers = false;  // a budget took them: both messages are marked
};

// An http_transaction object with its digest.
Ref<Object> make_http_transaction_object(const Ref<Transaction>& tx, const ObjectOptions& options);

}  // namespace qtap
