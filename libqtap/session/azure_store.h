// SPDX-License-Identifier: Apache-2.0
// In: the settings of a store of type azure_blob. Out: its sink.
#pragma once

#include <memory>

#include "base/result.h"
#include "model/settings.h"
#include "sink/sink.h"

namespace qtap::session {

// QTAP_ERR_INVALID: the endpoint or the key is none. QTAP_ERR_UNSUPPORTED: there is no libcurl.
Result<std::unique_ptr<sink::Sink>> make_azure_store(const StoreSettings& store);

}  // namespace qtap::session
