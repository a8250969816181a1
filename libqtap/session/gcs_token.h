// SPDX-License-Identifier: Apache-2.0
// In: the key of a service account, or none. Out: access tokens for its uploads: exchanged for an
// assertion at the account's token_uri, or from the metadata server of the machine; renewed before
// they expire.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "sink/gcs_objects.h"

namespace qtap::session {

// `credentials`: path of a service account's JSON file, or the JSON itself; "": the metadata
// server. QTAP_ERR_INVALID, QTAP_ERR_IO: it is none, or cannot be read. QTAP_ERR_UNSUPPORTED: there
// is no libcurl.
Result<std::unique_ptr<sink::TokenSource>> make_gcs_tokens(const std::string& store_id,
                                                           const std::string& credentials);

}  // namespace qtap::session
