// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace qtap::proto {

// Whether a datagram begins with the Initial packet of a QUIC connection, from either end: what a
// connection begins with (RFC 9000, 17.2.2). Which application runs over it is encrypted.
bool is_quic_initial(std::string_view datagram);

}  // namespace qtap::proto
