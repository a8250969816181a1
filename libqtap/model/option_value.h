// SPDX-License-Identifier: Apache-2.0
// The value types of spec/config.md 4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/option_table.h"

namespace qtap {

// Checks a value against its option; the text begins with `name`, the key as people should read it.
// QTAP_ERR_INVALID, QTAP_ERR_UNSUPPORTED (a word or number of a later version).
Status check_value(const Option& option, std::string_view name, std::string_view value);

// QTAP_ERR_UNSUPPORTED: `what`, a key with a value perhaps, belongs to a later version.
Error not_yet(const std::string& what);

// A word of the host or a document for an error: between quotes, on one line, at most 64 bytes of
// it.
std::string quoted(std::string_view value);

// A number as one would write it: "2mb", "250ms".
std::string number_text(OptionType type, uint64_t number);

// What the type expects, for an error: "true or false", "a whole number".
const char* expected_text(OptionType type);

// "2mb" → bytes, "1m30s" → nanoseconds; the error is without text.
Result<uint64_t> try_size(std::string_view value);
Result<int64_t> try_duration_ns(std::string_view value);

// "5%" → nanoseconds of CPU per second, "none" → 0.
Result<uint64_t> try_share(std::string_view value);

// The same for a value that has passed check_value.
uint64_t parse_share(std::string_view value);
uint64_t parse_size(std::string_view value);
int64_t parse_duration_ns(std::string_view value);
uint64_t parse_number(std::string_view value);

}  // namespace qtap
