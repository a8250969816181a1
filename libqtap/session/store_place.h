// SPDX-License-Identifier: Apache-2.0
// What the settings of stores that are reached over the network have in common.
#pragma once

#include <string>

#include "base/result.h"
#include "model/settings.h"
#include "net/http_client.h"
#include "sink/object_place.h"

namespace qtap::session {

struct Endpoint {
  std::string host;  // with the port, unless it is the scheme's own
  bool is_plain = false;
};

// "host", "host:port", and either with a scheme before it, which wins over `insecure`.
// QTAP_ERR_INVALID: anything else.
Result<Endpoint> read_endpoint(const std::string& store_id, std::string_view text, bool insecure);

DigestKind digest_kind(const ObjectSettings& objects);
sink::PlaceOptions place_options(const ObjectSettings& objects);
net::ClientOptions client_options(const DeliverySettings& delivery);

// Of this machine; "" = it has none.
std::string hostname();

}  // namespace qtap::session
