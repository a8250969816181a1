// SPDX-License-Identifier: Apache-2.0
// The content coding gzip (RFC 1952), of what we send.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace qtap::net {

// QTAP_ERR_NOMEM.
Result<std::string> gzip(std::string_view bytes);

}  // namespace qtap::net
