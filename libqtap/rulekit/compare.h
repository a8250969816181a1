// SPDX-License-Identifier: Apache-2.0
// Section 8 of the language: every comparison of two values. Pairs that do not go together are
// false under every operator, `!=` included (surprise S23); nothing here fails or allocates, except
// that a regex search copies a subject that is not valid UTF-8.
#pragma once

#include "rulekit/tree.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

bool compare(const Value& left, Op op, const Value& right);
// `x in [..]` and, as an extension (S13), `x in field` where the field holds a list or a network.
bool is_in(const Value& value, const Value& set);
// `x matches /re/`. Precondition: regex.type is kRegex.
bool matches(const Value& value, const Value& regex);

}  // namespace qtap::rulekit
