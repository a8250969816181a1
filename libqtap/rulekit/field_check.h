// SPDX-License-Identifier: Apache-2.0
// A rule and the fields that its host has in, what cannot be meant out: fields that do not exist,
// comparisons that are never true whatever the fields hold.
#pragma once

#include "rulekit/diagnosis.h"
#include "rulekit/rule.h"

namespace qtap::rulekit {

struct Tree;

// Does nothing when the options name no fields. False: a field is unknown and that is an error.
bool check_fields(const Tree& tree, const CompileOptions& options, Diagnosis* diagnosis);

}  // namespace qtap::rulekit
