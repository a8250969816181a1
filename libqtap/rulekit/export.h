// SPDX-License-Identifier: Apache-2.0
// A value of the rule language in, a public value out.
#pragma once

#include "rulekit/function.h"
#include "rulekit/value.h"

struct qtap_value;

namespace qtap::rulekit {

enum class Texts : uint8_t {
  kBorrow,  // they live as long as what `value` borrows
  kCopy     // they live as long as the scratch
};

// What the host did not name a type for becomes BYTES.
void export_value(const Value& value, Texts texts, Scratch& scratch, qtap_value* ret);

}  // namespace qtap::rulekit
