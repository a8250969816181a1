// SPDX-License-Identifier: Apache-2.0
#include "sink/object_place.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/place.h"
#include "base/sha256.h"
#include "base/text.h"

namespace qtap::sink {
namespace {

bool is_by_digest(std::string_view key) {
  const auto names = placeholders_in(key);
  return std::none_of(names.begin(), names.end(),
                      [](std::string_view name) { return name == "DATE" || name == "TYPE"; });
}

// "2026/03/01" (UTC), of the first byte of the request.
std::string date_of(const Object& object) {
  const int64_t start_ns =
      object.transaction ? object.transaction->request.start_ns : object.artifact.start_ns;
  std::string date = rfc3339(start_ns).substr(0, 10);
  std::replace(date.begin(), date.end(), '-', '/');
  return date;
}

}  // namespace

ObjectPlace::ObjectPlace(PlaceOptions options, std::string scheme, std::string endpoint,
                         std::string bucket)
    : options_(std::move(options)),
      scheme_(std::move(scheme)),
      endpoint_(std::move(endpoint)),
      bucket_(std::move(bucket)),
      is_by_digest_(is_by_digest(options_.object_key)) {}

std::string ObjectPlace::key_of(const Object& object) const {
  const std::string date = date_of(object);
  const std::array known = {Placeholder{"DIGEST", digest_of(object)},
                            Placeholder{"TYPE", object.type}, Placeholder{"DATE", date},
                            Placeholder{"HOST", options_.host}};
  return expand(options_.object_key, known);
}

std::string ObjectPlace::url_of(const Object& object) const {
  const std::string key = key_of(object);
  const std::array known = {Placeholder{"SCHEME", scheme_}, Placeholder{"ENDPOINT", endpoint_},
                            Placeholder{"BUCKET", bucket_}, Placeholder{"KEY", key},
                            Placeholder{"DIGEST", digest_of(object)}};
  return expand(options_.access_url, known);
}

// Always of SHA-256, and of 64 digits.
std::string ObjectPlace::identity(const Object& object) const {
  return is_by_digest_ ? object.digest : sha256_hex(key_of(object) + object.digest);
}

}  // namespace qtap::sink
