// SPDX-License-Identifier: Apache-2.0
// In: the settings of a store that is reached over the network. Out: its sink.
#pragma once

#include <memory>

#include "base/result.h"
#include "model/settings.h"
#include "sink/sink.h"

namespace qtap::session {

// QTAP_ERR_INVALID: the endpoint is none. QTAP_ERR_UNSUPPORTED: there is no libcurl.
Result<std::unique_ptr<sink::Sink>> make_s3_store(const StoreSettings& store);

}  // namespace qtap::session
