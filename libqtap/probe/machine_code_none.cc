// SPDX-License-Identifier: Apache-2.0
#include "probe/machine_code.h"

namespace qtap::probe {

Result<std::vector<Transfer>> transfers(std::span<const uint8_t>, uint64_t, const Arguments&) {
  return Error{QTAP_ERR_UNSUPPORTED, "this build has no Capstone to read machine code with"};
}

}  // namespace qtap::probe
