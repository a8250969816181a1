// SPDX-License-Identifier: Apache-2.0
#include "session/remote_stores.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "session/s3_credentials.h"
#include "sink/s3_objects.h"

namespace qtap::session {
namespace {

struct Endpoint {
  std::string host;  // with the port, unless it is the scheme's own
  bool is_plain = false;
};

// "host", "host:port", and either with a scheme before it.
Result<Endpoint> read_endpoint(const StoreSettings& store) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  std::string_view text = store.s3.endpoint;
  Endpoint endpoint = {"", store.s3.insecure};
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
                 "store " + store.id + ": endpoint: expected host or host:port, with http:// or " +
                     "https:// before it or without"};
  }
  // HTTP clients leave it out of Host, which is signed.
  const std::string_view own = endpoint.is_plain ? ":80" : ":443";
  if (text.ends_with(own)) text.remove_suffix(own.size());
  endpoint.host = text;
  return endpoint;
}

}  // namespace

Result<std::unique_ptr<sink::Sink>> make_s3_store(const StoreSettings& store) {
  const S3Settings& s = store.s3;
  QTAP_TRY(const Endpoint endpoint, read_endpoint(store));
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
  options.access_url = s.access_url;
  options.object_key = s.object_key;
  options.timeout = std::chrono::milliseconds(store.delivery.timeout_ns / 1'000'000);
  options.client.verifies_peer = !store.delivery.skips_verify;
  options.client.ca_file = store.delivery.ca_file;
  return sink::make_s3_objects(store.id, std::move(options), std::move(credentials));
}

}  // namespace qtap::session
