// SPDX-License-Identifier: Apache-2.0
// Credentials that the machine or container one runs on has: by HTTP, at addresses of its own.
#pragma once

#include <optional>

#include "base/result.h"
#include "s3/surroundings.h"

namespace qtap::s3 {

// ECS, and EKS pod identity: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI. Nothing when
// neither is set.
Result<std::optional<Credentials>> container_credentials(const Surroundings& in);

// EC2's instance metadata, version 2, falling back to 1. Nothing when it is switched off, does not
// answer, or the instance has no role.
Result<std::optional<Credentials>> instance_credentials(const Surroundings& in);

}  // namespace qtap::s3
