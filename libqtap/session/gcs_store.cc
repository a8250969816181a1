// SPDX-License-Identifier: Apache-2.0
#include "session/gcs_store.h"

#include <chrono>
#include <utility>

#include "session/gcs_token.h"
#include "session/store_place.h"
#include "sink/gcs_objects.h"

namespace qtap::session {

Result<std::unique_ptr<sink::Sink>> make_gcs_store(const StoreSettings& store) {
  const GcsSettings& s = store.gcs;
  QTAP_TRY(const Endpoint endpoint, read_endpoint(store.id, s.endpoint, s.insecure));
  QTAP_TRY(auto tokens, make_gcs_tokens(store.id, s.credentials));
  sink::GcsOptions options;
  options.bucket = s.bucket;
  options.endpoint = endpoint.host;
  options.is_plain = endpoint.is_plain;
  options.place = place_options(store.objects);
  options.timeout = std::chrono::milliseconds(store.delivery.timeout_ns / 1'000'000);
  options.client = client_options(store.delivery);
  return sink::make_gcs_objects(store.id, std::move(options), std::move(tokens));
}

}  // namespace qtap::session
