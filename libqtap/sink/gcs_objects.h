// SPDX-License-Identifier: Apache-2.0
// In: objects. Out: PUTs into a bucket of Google's Cloud Storage (its XML API), with an access
// token. Only what is not there is written: 412 means that the bytes are.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_client.h"
#include "s3/secret.h"
#include "sink/object_place.h"
#include "sink/sink.h"

namespace qtap::sink {

struct GcsOptions {
  std::string bucket;
  std::string endpoint = "storage.googleapis.com";  // host or host:port
  bool is_plain = false;
  PlaceOptions place;
  std::chrono::milliseconds timeout{30'000};  // of one attempt
  net::ClientOptions client;
};

class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // Asked for each group of uploads, on the store's thread; may wait for the network. `refused`:
  // the storage did not take the one given last. QTAP_ERR_AGAIN: perhaps later.
  virtual Result<s3::Secret> get(bool refused) = 0;
  // Ends a get() that waits, and all later ones. Any thread.
  virtual void interrupt() {}
};

Result<std::unique_ptr<Sink>> make_gcs_objects(std::string id, GcsOptions options,
                                               std::unique_ptr<TokenSource> tokens);

}  // namespace qtap::sink
