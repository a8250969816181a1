// SPDX-License-Identifier: Apache-2.0
// Header fields as people and rules want them: canonical names, repeats joined.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace qtap::http {

// "Content-Type" of "content-type".
std::string canonical_name(std::string_view name);
// The same in the place of what `out` held; for many in turn.
void canonical_name(std::string_view name, std::string& out);

// One entry per name in canonical case, in the order of first appearance. Repeats are joined by ",
// " (RFC 9110, 5.3), Cookie by "; " (RFC 6265, 5.4), Set-Cookie, which cannot be joined, by a
// newline.
std::vector<std::pair<std::string, std::string>> joined_fields(const FieldList& headers);

// "gzip, br": the values of one field, repeats joined; "" without one.
std::string joined_values(const FieldList& headers, std::string_view name);

// What is applied to the body as it is kept, in that order, for ContentDecoder: the codings of
// Content-Encoding, and those of Transfer-Encoding that are not undone, which is all but a
// "chunked" at the end (RFC 9112, 6.1: a recipient strips them, too).
std::string body_codings(const FieldList& headers);

// Does any name come twice?
bool has_repeats(const FieldList& headers);

}  // namespace qtap::http
