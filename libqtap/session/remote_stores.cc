// SPDX-License-Identifier: Apache-2.0
#include "session/remote_stores.h"

#include <chrono>
#include <utility>

#include "session/s3_credentials.h"
#include "session/store_place.h"
#include "sink/s3_objects.h"

namespace qtap::session {

Result<std::unique_ptr<sink::Sink>> make_s3_store(const StoreSettings& store) {
  const S3Settings& s = store.s3;
  QTAP_TRY(const Endpoint endpoint, read_endpoint(store.id, s.endpoint, s.insecure));
  QTAP_TRY(auto credentials, make_s3_credentials(store.id, s.access_key, s.secret_key));
  sink::S3Options options;
  options.bucket = s.bucket;
  options.endpoint = endpoint.host;
  options.region = s.region;
  options.is_plain = endpoint.is_plain;
  const bool is_amazon = endpoint.host.ends_with("amazonaws.com");
  options.has_bucket_in_host = s.addressing == "virtual" || (s.addressing == "auto" && is_amazon);
  options.sse = s.sse == "none" ? "" : s.sse;
  options.kms_key_id = s.kms_key_id;
  options.acl = s.acl;
  options.place = place_options(store.objects);
  options.timeout = std::chrono::milliseconds(store.delivery.timeout_ns / 1'000'000);
  options.client = client_options(store.delivery);
  return sink::make_s3_objects(store.id, std::move(options), std::move(credentials));
}

}  // namespace qtap::session
