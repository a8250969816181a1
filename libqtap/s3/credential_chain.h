// SPDX-License-Identifier: Apache-2.0
// In: surroundings. Out: credentials, from the first place that has some: environment, a profile's
// role, web identity, shared credentials file, credential_process, config file, container,
// instance. Owns nothing; one thread at a time; may block for the time-outs of what it asks. A
// place that is set up but fails ends the search with an error: to take others in silence would be
// to act as somebody else.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "s3/surroundings.h"

namespace qtap::s3 {

struct ChainOptions {
  // Given by the host: no search.
  std::string access_key_id;
  Secret secret_key;
  Secret session_token;
  std::string profile;  // named by the host: the environment's keys are then left out
  std::string region;   // of STS; empty: AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1
};

// Error QTAP_ERR_NOTFOUND: no place has any; the text names them all.
Result<Credentials> find_credentials(const Surroundings& in, const ChainOptions& options);

}  // namespace qtap::s3
