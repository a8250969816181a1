// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace qtap {

// When a field has its value for good, so that rules can be decided before a transaction is over.
enum class FieldStage : uint8_t {
  kConnected,     // missing, or what it will stay: the ends, their process, the TLS hellos
  kFlow,          // the same, once both the role and the remote address are known
  kEndpoint,      // the same, once the peers themselves have named the remote end
  kAuthority,     // from the head of the request on, if that names its authority; else as kEndpoint
  kRequestHead,   // the head of the request is complete
  kResponseHead,  // that of the response is
  kEnd,           // it may change until the transaction is over
};

}  // namespace qtap
