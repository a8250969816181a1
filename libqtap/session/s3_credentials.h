// SPDX-License-Identifier: Apache-2.0
// In: the keys of a store, or none. Out: credentials for its uploads: the given ones, or those that
// AWS's tools would find on this machine, renewed before they expire.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "sink/s3_objects.h"

namespace qtap::session {

// Both keys, or neither. QTAP_ERR_UNSUPPORTED: there is no libcurl.
Result<std::unique_ptr<sink::CredentialSource>> make_s3_credentials(const std::string& store_id,
                                                                    const std::string& access_key,
                                                                    const std::string& secret_key);

}  // namespace qtap::session
