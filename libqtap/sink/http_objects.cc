// SPDX-License-Identifier: Apache-2.0
#include "sink/http_objects.h"

#include <utility>
#include <vector>

#include "sink/upload.h"

namespace qtap::sink {
namespace {

class HttpObjects final : public Sink {
 public:
  HttpObjects(std::string id, ObjectPlace place, std::unique_ptr<ObjectProtocol> protocol,
              std::unique_ptr<net::HttpClient> client, size_t at_once)
      : id_(std::move(id)),
        place_(std::move(place)),
        protocol_(std::move(protocol)),
        client_(std::move(client)),
        at_once_(at_once) {}

  const std::string& id() const override { return id_; }
  bool takes_events() const override { return false; }
  bool takes_objects() const override { return true; }
  Status put_event(const Ref<Event>&) override { return {}; }
  Status put_object(const Ref<Object>& object) override {
    return std::move(put_objects(std::span(&object, 1)).front());
  }
  size_t objects_at_once() const override { return at_once_; }
  std::vector<Status> put_objects(std::span<const Ref<Object>> objects) override;
  std::string locate(const Object& object) const override { return place_.url_of(object); }
  const std::string& digest_of(const Object& object) const override {
    return place_.digest_of(object);
  }
  std::string identity(const Object& object) const override { return place_.identity(object); }
  std::string uploaded_to(const Object& object) const override {
    return protocol_->where() + digest_of(object);
  }
  std::chrono::nanoseconds asked_to_wait() const override { return asked_.longest(); }
  void interrupt() override {
    protocol_->interrupt();
    client_->cancel();
  }
  Status flush(int) override { return {}; }
  void close() override {}

 private:
  Status outcome_of(const Result<net::Reply>& reply) {
    asked_.add(reply);
    return protocol_->outcome_of(reply);
  }

  const std::string id_;
  const ObjectPlace place_;
  std::unique_ptr<ObjectProtocol> protocol_;
  std::unique_ptr<net::HttpClient> client_;
  const size_t at_once_;
  AskedToWait asked_;
};

// Those in parts come last, each with all connections for itself.
std::vector<Status> HttpObjects::put_objects(std::span<const Ref<Object>> objects) {
  asked_.begin();
  if (Status begun = protocol_->begin(); !begun.ok()) {
    return std::vector<Status>(objects.size(), begun.error());
  }
  std::vector<Status> outcomes(objects.size());
  std::vector<net::Request> requests;
  std::vector<size_t> indices;  // of the objects that they are for
  std::vector<size_t> in_parts;
  for (size_t i = 0; i < objects.size(); ++i) {
    if (protocol_->goes_in_parts(*objects[i])) {
      in_parts.push_back(i);
    } else if (auto request = protocol_->request_for(*objects[i], place_.key_of(*objects[i]));
               request.ok()) {
      requests.push_back(*std::move(request));
      indices.push_back(i);
    } else {
      outcomes[i] = outcome_of(std::move(request).error());
    }
  }
  const std::vector<Result<net::Reply>> replies = client_->run(requests);
  for (size_t i = 0; i < replies.size(); ++i) outcomes[indices[i]] = outcome_of(replies[i]);
  for (const size_t i : in_parts) {
    outcomes[i] =
        outcome_of(protocol_->send_in_parts(*client_, *objects[i], place_.key_of(*objects[i])));
  }
  return outcomes;
}

}  // namespace

Result<std::unique_ptr<Sink>> make_http_objects(std::string id, ObjectPlace place,
                                                std::unique_ptr<ObjectProtocol> protocol,
                                                const net::ClientOptions& options) {
  auto client = net::HttpClient::make(options);
  if (!client.ok()) return Error{"QT194", client.error().status, id + ": " + client.error().text};
  return std::unique_ptr<Sink>(
      std::make_unique<HttpObjects>(std::move(id), std::move(place), std::move(protocol),
                                    *std::move(client), options.max_concurrent));
}

}  // namespace qtap::sink
