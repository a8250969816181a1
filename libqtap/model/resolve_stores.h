// SPDX-License-Identifier: Apache-2.0
// In: a checked Config. Out: the settings of its stores.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/option_reader.h"
#include "model/store_settings.h"

namespace qtap {

// Called with what is allowed but perhaps not meant: its id, the key, and the text without a place.
using WarnFn = std::function<void(MessageId id, const std::string& key, const std::string& what)>;

// Those of "services.event_stores" or "services.object_stores".
std::vector<StoreSettings> resolve_stores(const OptionReader& options, const std::string& list,
                                          const WarnFn& warn);

// What `sink.*` says for stores of the host program.
DeliverySettings resolve_delivery(const OptionReader& options);

}  // namespace qtap
