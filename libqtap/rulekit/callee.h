// SPDX-License-Identifier: Apache-2.0
// Whom a call means, and whether it can be called like that (section 9 of the language).
#pragma once

#include <string_view>

#include "base/result.h"
#include "rulekit/rule.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

// A built-in function, a host function or a macro of the library (may be null), in this order.
Call find_callee(std::string_view name, const Library* library);

// An error when it is known now that the call cannot work; the text is for people, without
// position.
Status check_call(const Call& call, size_t argument_count, const CompileOptions& options);

}  // namespace qtap::rulekit
