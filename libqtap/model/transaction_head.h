// SPDX-License-Identifier: Apache-2.0
// What may be held of a transaction in transfer: rules read it, and whoever is told of a message
// may keep the transaction that it belongs to; what is kept never changes.
#pragma once

#include "model/transaction.h"

namespace qtap {

// `tx` itself once it was handed out; before, a copy of what its heads say, with the same id, made
// anew when the response's head has come. Lives as long as `tx`, unless somebody keeps it.
const Transaction& transaction_head(const Ref<Connection>& conn, Transaction& tx);

}  // namespace qtap
