// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace qtap {

// Base64, standard alphabet, with padding (RFC 4648, 4).
std::string base64(std::string_view data);

}  // namespace qtap
