// SPDX-License-Identifier: Apache-2.0
// Builds events: the field tables of spec/events-and-objects.md 2. Nothing here may hold a header,
// a body or a query.
#pragma once

#include <string>
#include <vector>

#include "model/connection.h"
#include "model/event.h"
#include "model/object.h"
#include "model/transaction.h"

namespace qtap {

struct SystemInfo {
  std::string hostname;
  std::string agent;
  std::string instance;
};

struct EventOptions {
  bool keep_query = false;  // events.url_query: keep
  std::string hash_key;     // events.hash_key: HMAC instead of a plain hash
};

// `finalized`: this is the last report of the connection.
Ref<Event> make_connection_event(const Connection& conn, const SystemInfo& system, bool finalized);

Ref<Event> make_request_event(const Transaction& tx, const std::vector<StoredObject>& objects,
                              const EventOptions& options);

// What make_artifact_event() will say of it: for objects that outlive it.
ArtifactText artifact_text(const Transaction& tx);

// `error` empty: the store has the bytes.
Ref<Event> make_artifact_event(const Object& object, const std::string& digest,
                               const std::string& store_id, const std::string& url,
                               const std::string& error);

// "key:value" for each built-in tag that is known (bin, host, ip, protocol, strategy).
std::vector<std::string> flat_tags(const Connection& conn);

// Media category of config.md 7: "json", "html", "images", ...
const char* media_category(std::string_view media_type);

}  // namespace qtap
