// SPDX-License-Identifier: Apache-2.0
// Which step says fastest what a field and a constant come to (program.h has the kinds).
#pragma once

#include "rulekit/program_parts.h"

namespace qtap::rulekit {

// Makes a step of two operands one for a field and a constant, if that is what they are and there
// is one for these types.
void make_field_step(ProgramParts* parts, Step* step);

}  // namespace qtap::rulekit
