// SPDX-License-Identifier: Apache-2.0
// The rows of the option table that are about stores; see model/option_table.h. Static data.
#pragma once

#include <span>

#include "model/option_table.h"

namespace qtap {

// services.event_stores[] and services.object_stores[].
std::span<const Option> store_options();

// The keys of delivery below `sink.`, which stand for all stores.
std::span<const Option> delivery_options();

}  // namespace qtap
