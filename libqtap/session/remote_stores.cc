// SPDX-License-Identifier: Apache-2.0
#include "session/remote_stores.h"

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

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

std::string environment(const char* name) {
  const char* const value = ::getenv(name);
  return value ? value : "";
}

Result<s3::Credentials> read_keys(const StoreSettings& store) {
  s3::Credentials keys;
  if (!store.s3.access_key.empty()) {
    keys.access_key_id = store.s3.access_key;
    keys.secret_key = s3::Secret(store.s3.secret_key);
    keys.source = "the configuration";
    return keys;
  }
  keys.access_key_id = environment("AWS_ACCESS_KEY_ID");
  keys.secret_key = s3::Secret(environment("AWS_SECRET_ACCESS_KEY"));
  keys.session_token = s3::Secret(environment("AWS_SESSION_TOKEN"));
  keys.source = "the environment";
  if (keys.access_key_id.empty() || keys.secret_key.empty()) {
    return Error{"QT165", QTAP_ERR_INVALID,
                 "store " + store.id + ": no credentials: set access_key and secret_key, or " +
                     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"};
  }
  return keys;
}

}  // namespace

Result<std::unique_ptr<sink::Sink>> make_s3_store(const StoreSettings& store) {
  const S3Settings& s = store.s3;
  QTAP_TRY(const Endpoint endpoint, read_endpoint(store));
  QTAP_TRY(s3::Credentials keys, read_keys(store));
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
  options.timeout = std::chrono::milliseconds(s.timeout_ns / 1'000'000);
  options.client.verifies_peer = !s.skips_verify;
  options.client.ca_file = s.ca_file;
  const auto credentials = [keys = std::move(keys)](bool) -> Result<s3::Credentials> {
    return keys;
  };
  return sink::make_s3_objects(store.id, std::move(options), credentials);
}

}  // namespace qtap::session
