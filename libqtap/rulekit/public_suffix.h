// SPDX-License-Identifier: Apache-2.0
// The public suffix list: where the names begin that one can register ("co.uk", "github.io").
#pragma once

#include <string_view>

#include "base/result.h"

namespace qtap::rulekit {

inline constexpr size_t kMaxDomain =
    253;  // bytes, RFC 1035 section 2.3.4 as text without final dot

// Finds the list: the newer one of that which is compiled into libpsl and of the file that Debian's
// publicsuffix installs. The first call reads it (some 50 KiB), any thread. QTAP_ERR_UNSUPPORTED:
// there is none, and why.
Status load_public_suffixes();

// The end of `domain` that is one label longer than its public suffix; empty when there is none: a
// suffix alone, an unknown name of one label. `domain` is lower-case, ends in no dot and is at most
// kMaxDomain long. Unknown top-level names are suffixes. Precondition: load_public_suffixes() was
// ok. Any thread.
std::string_view registrable_domain(std::string_view domain);

}  // namespace qtap::rulekit
