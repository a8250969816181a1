// SPDX-License-Identifier: Apache-2.0
// In: the settings of a store that events are sent to. Out: its sink.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "model/settings.h"
#include "sink/console.h"
#include "sink/sink.h"
#include "source/source.h"

namespace qtap::session {

// QTAP_ERR_UNSUPPORTED: there is no libcurl.
Result<std::unique_ptr<sink::Sink>> make_clickhouse_store(const StoreSettings& store);
// `origin`: what its records say who sends them.
Result<std::unique_ptr<sink::Sink>> make_otel_store(const StoreSettings& store,
                                                    const source::Origin& origin,
                                                    sink::Console& console);
// `warn` is told when the service does not answer its Ping, by another thread if there are workers.
Result<std::unique_ptr<sink::Sink>> make_pulse_store(const StoreSettings& store, bool has_worker,
                                                     std::function<void(const std::string&)> warn);
Result<std::unique_ptr<sink::Sink>> make_axiom_store(const StoreSettings& store);

}  // namespace qtap::session
