// SPDX-License-Identifier: Apache-2.0
// Any value as text, as starts_with sees it (section 9 of the language).
#pragma once

#include <string>

#include "rulekit/value.h"

namespace qtap::rulekit {

void append_text(const Value& value, std::string* out);

}  // namespace qtap::rulekit
