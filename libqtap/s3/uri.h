// SPDX-License-Identifier: Apache-2.0
// Paths and queries in the one spelling that is signed: A-Za-z0-9-_.~ as they are, every other byte
// as %XX in upper case ("Create a canonical request", UriEncode).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qtap::s3 {

enum class Slash { kKept, kEncoded };

void append_encoded(std::string& out, std::string_view text, Slash slash);
std::string uri_encode(std::string_view text, Slash slash = Slash::kEncoded);

// Where the first % is that no two hex digits follow.
std::optional<size_t> bad_escape(std::string_view text);

// Appends `text` with every %XX decoded and all encoded again: however it was escaped, it comes out
// in the one spelling. `text` has no bad escape. A plus is a plus.
void append_recoded(std::string& out, std::string_view text, Slash slash);

// Without "." and "..", and with one slash where several are (RFC 3986 section 5.2.4; and AWS's
// services, but for S3, see "//" as "/").
std::string normalized_path(std::string_view path);

// The parameters of a query, recoded, sorted by name and then by value, each with its "=".
std::string canonical_query(std::string_view query);

}  // namespace qtap::s3
