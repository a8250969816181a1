// SPDX-License-Identifier: Apache-2.0
// What must fit together in services.event_stores[].
#pragma once

#include <vector>

#include "model/config_check.h"

namespace qtap {

// Addresses and names of tables that are none.
void check_event_stores(const Config::Entries& entries, std::vector<Conflict>& found);

}  // namespace qtap
