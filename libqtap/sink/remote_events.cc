// SPDX-License-Identifier: Apache-2.0
#include "sink/remote_events.h"

#include <atomic>
#include <new>
#include <thread>
#include <utility>

#include "sink/send_outcome.h"
#include "sink/upload.h"

namespace qtap::sink {
namespace {

// Shorter ones are no secrets, and words of every text.
constexpr size_t kShortestSecret = 4;

class RemoteEvents final : public Sink {
 public:
  RemoteEvents(std::string id, std::unique_ptr<EventProtocol> protocol, RemoteOptions options,
               std::unique_ptr<net::HttpClient> client)
      : id_(std::move(id)),
        options_(std::move(options)),
        protocol_(std::move(protocol)),
        client_(std::move(client)) {}
  ~RemoteEvents() override { end_greeting(); }

  // QTAP_ERR_NOMEM, QTAP_ERR_UNSUPPORTED.
  Status greet();

  const std::string& id() const override { return id_; }
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return false; }
  Status put_event(const Ref<Event>& event) override {
    return std::move(put_batch(std::span(&event, 1)).front());
  }
  bool waits_for_batches() const override { return true; }
  std::vector<Status> put_batch(std::span<const Ref<Event>> events) override;
  Status put_object(const Ref<Object>&) override { return {}; }
  std::string locate(const Object&) const override { return {}; }
  std::chrono::nanoseconds asked_to_wait() const override { return asked_.longest(); }
  void interrupt() override {
    client_->cancel();
    is_ending_ = true;
    if (greeter_) greeter_->cancel();
  }
  Status flush(int) override { return {}; }
  void close() override { end_greeting(); }

 private:
  void say_hello();
  void end_greeting();
  Status prepare();
  void settle(const EventRequest& sent, const Result<net::Reply>& reply,
              std::vector<Status>& outcomes);
  Status without_secrets(Status status) const;
  void blot_out_secrets(Result<net::Reply>& reply) const;
  Result<net::Reply> ask(net::HttpClient& client, const net::Request& request) const;

  const std::string id_;
  const RemoteOptions options_;
  std::unique_ptr<EventProtocol> protocol_;
  std::unique_ptr<net::HttpClient> client_;
  AskedToWait asked_;
  size_t prepared_ = 0;  // of the protocol's preparations
  std::unique_ptr<net::HttpClient> greeter_;
  std::atomic<bool> is_ending_{false};
  std::thread greeting_;
};

Status RemoteEvents::without_secrets(Status status) const {
  if (status.ok()) return status;
  Error error = std::move(status).error();
  for (const std::string& secret : options_.secrets) {
    if (secret.size() < kShortestSecret) continue;
    for (const std::string& told : {secret, std::string(secret.size(), '*')}) {
      for (size_t at = 0; (at = error.text.find(told, at)) != std::string::npos; at += 3) {
        error.text.replace(at, told.size(), "***");
      }
    }
  }
  return error;
}

// Before anything of it is cut, or a piece of a secret at the end of a text would not be known for
// one. Lengths stay, which binary replies live on.
void RemoteEvents::blot_out_secrets(Result<net::Reply>& reply) const {
  if (!reply.ok()) return;
  for (const std::string& secret : options_.secrets) {
    if (secret.size() < kShortestSecret) continue;
    const auto blot = [&](std::string& text) {
      for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
        text.replace(at, secret.size(), secret.size(), '*');
      }
    };
    blot(reply->body);
    for (net::Field& field : reply->fields) blot(field.value);
  }
}

Result<net::Reply> RemoteEvents::ask(net::HttpClient& client, const net::Request& request) const {
  Result<net::Reply> reply = client.run(request);
  blot_out_secrets(reply);
  return reply;
}

Status RemoteEvents::prepare() {
  std::vector<net::Request> all = protocol_->preparations();
  for (; prepared_ < all.size(); ++prepared_) {
    net::Request& request = all[prepared_];
    request.timeout = options_.timeout;
    const Result<net::Reply> reply = ask(*client_, request);
    asked_.add(reply);
    Status status = without_secrets(protocol_->judge(reply, 0).status);
    if (status.ok()) continue;
    if (protocol_->needs_preparations()) return status;
    if (options_.warn) options_.warn(status.error());
  }
  return {};
}

Status RemoteEvents::greet() {
  const size_t count = protocol_->preparations().size();
  if (!options_.prepares_aside || protocol_->needs_preparations() || count == 0) return {};
  auto client = net::HttpClient::make(options_.client);
  if (!client.ok()) return client.error();
  greeter_ = *std::move(client);
  prepared_ = count;
  greeting_ = std::thread([this] { say_hello(); });
  return {};
}

void RemoteEvents::say_hello() {
  try {
    for (net::Request& request : protocol_->preparations()) {
      request.timeout = options_.timeout;
      const Status status = without_secrets(protocol_->judge(ask(*greeter_, request), 0).status);
      if (!status.ok() && options_.warn && !is_ending_) options_.warn(status.error());
    }
  } catch (const std::bad_alloc&) {  // the events will tell
  }
}

void RemoteEvents::end_greeting() {
  is_ending_ = true;
  if (!greeting_.joinable()) return;
  greeter_->cancel();
  greeting_.join();
}

std::vector<Status> RemoteEvents::put_batch(std::span<const Ref<Event>> events) {
  asked_.begin();
  std::vector<Status> outcomes(events.size());
  if (Status ready = prepare(); !ready.ok()) {
    outcomes.assign(events.size(), ready);
    return outcomes;
  }
  std::vector<EventRequest> made = protocol_->requests_for(events, outcomes);
  std::vector<net::Request> requests;
  for (EventRequest& one : made) {
    one.request.body = one.body;
    one.request.timeout = options_.timeout;
    requests.push_back(one.request);
  }
  std::vector<Result<net::Reply>> replies = client_->run(requests);
  for (size_t i = 0; i < made.size(); ++i) {
    blot_out_secrets(replies[i]);
    asked_.add(replies[i]);
    settle(made[i], replies[i], outcomes);
  }
  return outcomes;
}

// Where the service says only how many it refused, the last ones stand for them: the counts are
// right.
void RemoteEvents::settle(const EventRequest& sent, const Result<net::Reply>& reply,
                          std::vector<Status>& outcomes) {
  Verdict verdict = protocol_->judge(reply, sent.indices.size());
  asked_.add(verdict.wait);
  const Status status = without_secrets(std::move(verdict.status));
  const Status refusal = without_secrets(events_refused(verdict.why));
  for (size_t i = 0; i < sent.indices.size(); ++i) {
    const bool is_refused = sent.indices.size() - i <= verdict.refused;
    outcomes[sent.indices[i]] = status.ok() && is_refused ? refusal : status;
  }
}

}  // namespace

Result<std::unique_ptr<Sink>> make_remote_events(std::string id,
                                                 std::unique_ptr<EventProtocol> protocol,
                                                 RemoteOptions options) {
  auto client = net::HttpClient::make(options.client);
  if (!client.ok()) return Error{"QT172", client.error().status, id + ": " + client.error().text};
  auto sink = std::make_unique<RemoteEvents>(std::move(id), std::move(protocol), std::move(options),
                                             *std::move(client));
  QTAP_CHECK(sink->greet());
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace qtap::sink
