// SPDX-License-Identifier: Apache-2.0
// In: objects. Out: a request each to a storage over HTTP, several side by side. What a request
// says and what an answer means is the protocol's.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_client.h"
#include "sink/object_place.h"
#include "sink/sink.h"

namespace qtap::sink {

// All calls on the store's thread, but for interrupt().
class ObjectProtocol {
 public:
  virtual ~ObjectProtocol() = default;
  // Before each group of uploads: what they need to be allowed. An Error is the outcome of all.
  virtual Status begin() { return {}; }
  // Its body is the object's, borrowed.
  virtual Result<net::Request> request_for(const Object& object, const std::string& key) = 0;
  virtual bool goes_in_parts(const Object& /*object*/) const { return false; }
  virtual Result<net::Reply> send_in_parts(net::HttpClient& client, const Object& object,
                                           const std::string& key) = 0;
  virtual Status outcome_of(const Result<net::Reply>& reply) = 0;
  // "gs://bucket/": what a line of the log puts before the digest.
  virtual std::string where() const = 0;
  // Ends a begin() that waits, and all later ones. Any thread.
  virtual void interrupt() {}
};

// QTAP_ERR_UNSUPPORTED: there is no libcurl.
Result<std::unique_ptr<Sink>> make_http_objects(std::string id, ObjectPlace place,
                                                std::unique_ptr<ObjectProtocol> protocol,
                                                const net::ClientOptions& options);

}  // namespace qtap::sink
