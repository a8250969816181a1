// SPDX-License-Identifier: Apache-2.0
#include "session/store_place.h"

#include <unistd.h>

#include <array>
#include <string_view>

namespace qtap::session {

Result<Endpoint> read_endpoint(const std::string& store_id, std::string_view text, bool insecure) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  Endpoint endpoint = {"", insecure};
  if (text.starts_with(kPlain)) {
    endpoint.is_plain = true;
    text.remove_prefix(kPlain.size());
  } else if (text.starts_with(kTls)) {
    endpoint.is_plain = false;
    text.remove_prefix(kTls.size());
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.empty() || text.find_first_of("/?#@ ") != std::string_view::npos) {
    return Error{"QT164", QTAP_ERR_INVALID,
                 "store " + store_id + ": endpoint: expected host or host:port, with http:// or " +
                     "https:// before it or without"};
  }
  // HTTP clients leave it out of Host, which is signed.
  const std::string_view own = endpoint.is_plain ? ":80" : ":443";
  if (text.ends_with(own)) text.remove_suffix(own.size());
  endpoint.host = text;
  return endpoint;
}

DigestKind digest_kind(const ObjectSettings& objects) {
  return objects.names_by_sha1 ? DigestKind::kSha1 : DigestKind::kSha256;
}

sink::PlaceOptions place_options(const ObjectSettings& objects) {
  return {.object_key = objects.object_key,
          .access_url = objects.access_url,
          .digest = digest_kind(objects),
          .host = hostname()};
}

net::ClientOptions client_options(const DeliverySettings& delivery) {
  net::ClientOptions options;
  options.verifies_peer = !delivery.skips_verify;
  options.ca_file = delivery.ca_file;
  return options;
}

std::string hostname() {
  std::array<char, 256> name = {};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace qtap::session
