// SPDX-License-Identifier: Apache-2.0
// What was written where an operator belongs in, the operator that may have been meant out.
#pragma once

#include <string>
#include <string_view>

#include "rulekit/token.h"

namespace qtap::rulekit {

// `; did you mean "contains"?`; "" = no idea. `found` is the token that does not fit, `previous`
// the one before it.
std::string suggest_operator(std::string_view text, const Token& previous, const Token& found);

}  // namespace qtap::rulekit
