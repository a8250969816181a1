// SPDX-License-Identifier: Apache-2.0
#include "session/remote_event_stores.h"

#include <chrono>
#include <string>
#include <utility>

#include "sink/axiom.h"
#include "sink/clickhouse.h"
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

Result<std::unique_ptr<sink::Sink>> make_axiom_store(const StoreSettings& store) {
  const AxiomSettings& s = store.axiom;
  return sink::make_remote_events(
      store.id,
      sink::make_axiom({.url = without_slash(s.url), .token = s.token, .dataset = s.dataset}),
      remote_options(store, {s.token}));
}

}  // namespace qtap::session
