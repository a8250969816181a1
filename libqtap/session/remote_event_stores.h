// SPDX-License-Identifier: Apache-2.0
// In: the settings of a store that events are sent to. Out: its sink.
#pragma once

#include <memory>

#include "base/result.h"
#include "model/settings.h"
#include "sink/sink.h"

namespace qtap::session {

// QTAP_ERR_UNSUPPORTED: there is no libcurl.
Result<std::unique_ptr<sink::Sink>> make_clickhouse_store(const StoreSettings& store);
Result<std::unique_ptr<sink::Sink>> make_axiom_store(const StoreSettings& store);

}  // namespace qtap::session
