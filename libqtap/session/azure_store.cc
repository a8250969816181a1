// SPDX-License-Identifier: Apache-2.0
#include "session/azure_store.h"

#include <chrono>
#include <utility>

#include "session/store_place.h"
#include "sink/azure_key.h"
#include "sink/azure_objects.h"

namespace qtap::session {

Result<std::unique_ptr<sink::Sink>> make_azure_store(const StoreSettings& store) {
  const AzureSettings& s = store.azure;
  const std::string named = s.endpoint.empty() ? s.account + ".blob.core.windows.net" : s.endpoint;
  // Azurite and Azure Stack name the account in a path.
  const size_t scheme = named.find("://");
  const size_t path = named.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  QTAP_TRY(const Endpoint endpoint, read_endpoint(store.id, named.substr(0, path), s.insecure));
  sink::AzureOptions options;
  options.account = s.account;
  options.container = s.container;
  options.endpoint = endpoint.host + (path == std::string::npos ? "" : named.substr(path));
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  options.is_plain = endpoint.is_plain;
  if (s.sas_token.empty()) {
    QTAP_TRY(options.shared_key, sink::read_azure_key(s.shared_key));
  } else {
    options.sas_token = s3::Secret(s.sas_token.substr(s.sas_token.starts_with('?') ? 1 : 0));
  }
  options.place = place_options(store.objects);
  options.timeout = std::chrono::milliseconds(store.delivery.timeout_ns / 1'000'000);
  options.client = client_options(store.delivery);
  return sink::make_azure_objects(store.id, std::move(options));
}

}  // namespace qtap::session
