// SPDX-License-Identifier: Apache-2.0
// Public values in, engine values out.
#pragma once

#include "rulekit/function.h"
#include "rulekit/value.h"

struct qtap_value;

namespace qtap::rulekit {

// Sets `ret`, which borrows from `value`; elements of lists are built in `scratch`. QTAP_OK, or
// QTAP_ERR_INVALID when the value breaks the rules of qtap/value.h, QTAP_ERR_LIMIT when lists nest
// deeper than kMaxListDepth or hold more than kMaxListItems elements. A regex is refused: one is
// compiled with its rule, under the rule's limits, not in an evaluation. A type of a later version
// becomes kForeign: it can be carried, and never compares.
int import_value(const qtap_value& value, Scratch& scratch, Value* ret);

inline constexpr int kMaxListDepth =
    8;  // recursion of import and comparison; JSON in fields is shallow
inline constexpr size_t kMaxListItems = 4096;  // of one field, nested ones included

}  // namespace qtap::rulekit
