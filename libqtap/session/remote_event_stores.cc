// SPDX-License-Identifier: Apache-2.0
#include "session/remote_event_stores.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "sink/axiom.h"
#include "sink/clickhouse.h"
#include "sink/otlp_export.h"
#include "sink/pulse.h"
#include "sink/remote_events.h"

namespace qtap::session {
namespace {

sink::RemoteOptions remote_options(const StoreSettings& store, std::vector<std::string> secrets) {
  sink::RemoteOptions options;
  options.timeout = std::chrono::milliseconds(store.delivery.timeout_ns / 1'000'000);
  options.client.verifies_peer = !store.delivery.skips_verify;
  options.client.ca_file = store.delivery.ca_file;
  options.secrets = std::move(secrets);
  return options;
}

// Paths are added to it.
std::string without_slash(std::string url) {
  if (url.ends_with('/')) url.pop_back();
  return url;
}

// Of "host", "host:port", and either with a scheme before it and a path behind it.
struct OtelEndpoint {
  std::string scheme_and_host;
  std::string path;
};

Result<OtelEndpoint> read_otel_endpoint(const StoreSettings& store) {
  const OtelSettings& s = store.otel;
  const bool is_grpc = s.protocol == "grpc";
  std::string_view text = s.endpoint;
  if (text.empty()) text = is_grpc ? "localhost:4317" : "localhost:4318";
  std::optional<bool> is_tls = s.tls;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    if (!is_tls) is_tls = scheme == "https://";
  }
  const std::string_view host = text.substr(0, text.find('/'));
  std::string path(text.substr(host.size()));
  while (path.ends_with('/')) path.pop_back();
  if (host.empty() || text.find_first_of("?#@ \t\r\n\"\\") != std::string_view::npos ||
      (is_grpc && !path.empty())) {
    return Error{"QT175", QTAP_ERR_INVALID,
                 "store " + store.id + ": endpoint: expected host:port or a URL, " +
                     (is_grpc ? "for gRPC without a path" : "without user and query")};
  }
  const bool uses_tls = is_tls.value_or(!is_loopback(host));
  return OtelEndpoint{(uses_tls ? "https://" : "http://") + std::string(host), path};
}

}  // namespace

Result<std::unique_ptr<sink::Sink>> make_clickhouse_store(const StoreSettings& store) {
  const ClickhouseSettings& s = store.clickhouse;
  return sink::make_remote_events(store.id,
                                  sink::make_clickhouse({.endpoint = without_slash(s.endpoint),
                                                         .database = s.database,
                                                         .username = s.username,
                                                         .password = s.password,
                                                         .table_prefix = s.table_prefix,
                                                         .async_insert = s.async_insert,
                                                         .create_tables = s.create_tables,
                                                         .retention_days = s.retention_days,
                                                         .gzip = s.compression == "gzip"}),
                                  remote_options(store, {s.password}));
}

Result<std::unique_ptr<sink::Sink>> make_otel_store(const StoreSettings& store,
                                                    const source::Origin& origin,
                                                    sink::Console& console) {
  const OtelSettings& s = store.otel;
  sink::OtlpOptions options;
  options.origin = sink::otlp_origin({.service_name = s.service_name,
                                      .environment = s.environment,
                                      .version = QTAP_VERSION,
                                      .hostname = origin.hostname,
                                      .instance = origin.instance});
  if (s.protocol == "stdout") return sink::make_otlp_stdout(store.id, options.origin, console);
  QTAP_TRY(const OtelEndpoint endpoint, read_otel_endpoint(store));
  std::vector<std::string> secrets;
  for (const auto& [name, value] : s.headers) {
    options.fields.push_back(lower(name) + ": " + value);  // as HTTP/2 wants it
    secrets.push_back(value);
    secrets.push_back(value.substr(value.rfind(' ') + 1));  // "Bearer TOKEN"
  }
  options.url = endpoint.scheme_and_host + endpoint.path;
  if (s.protocol == "grpc") {
    return sink::make_remote_events(store.id, sink::make_otlp_grpc(options),
                                    remote_options(store, std::move(secrets)));
  }
  if (!options.url.ends_with("/v1/logs")) options.url += "/v1/logs";
  return sink::make_remote_events(store.id, sink::make_otlp_http(options),
                                  remote_options(store, std::move(secrets)));
}

Result<std::unique_ptr<sink::Sink>> make_axiom_store(const StoreSettings& store) {
  const AxiomSettings& s = store.axiom;
  return sink::make_remote_events(
      store.id,
      sink::make_axiom({.url = without_slash(s.url), .token = s.token, .dataset = s.dataset}),
      remote_options(store, {s.token}));
}

Result<std::unique_ptr<sink::Sink>> make_pulse_store(const StoreSettings& store, bool has_worker,
                                                     std::function<void(const std::string&)> warn) {
  const PulseSettings& s = store.pulse;
  sink::RemoteOptions options = remote_options(store, {s.token});
  options.prepares_aside = has_worker;
  options.warn = [warn = std::move(warn), id = store.id](const Error& what) {
    warn(message_of(Error{"QT177", what.status, "store " + id + ": ping: " + what.text}));
  };
  return sink::make_remote_events(
      store.id, sink::make_pulse({.endpoint = without_slash(s.endpoint), .token = s.token}),
      std::move(options));
}

}  // namespace qtap::session
