// SPDX-License-Identifier: Apache-2.0
#include "model/config_check.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/suggest.h"
#include "base/text.h"
#include "model/event_store_check.h"
#include "model/option_key.h"
#include "model/option_table.h"
#include "model/option_value.h"

namespace qtap {
namespace {

using Entries = Config::Entries;

std::string value_of(const Entries& entries, const std::string& key) {
  const auto it = entries.find(key);
  return it == entries.end() ? std::string() : it->second.value;
}

Error invalid(MessageId id, std::string text) {
  return {id, QTAP_ERR_INVALID, std::move(text)};
}

// Was the type set before its keys, each was checked; was it set after them, or changed, they were
// not.
void check_types(const Entries& entries, std::vector<Conflict>& found) {
  for (const auto& [key, entry] : entries) {
    const std::string type_key = type_key_of(key);
    if (type_key.empty()) continue;
    const std::string type = value_of(entries, type_key);
    if (type.empty() || type == "disabled") continue;
    const Status status = check_entry(key, pattern_of(key), type, entry.value);
    if (!status.ok()) found.push_back({key, status.error()});
  }
}

void check_ids(const Entries& entries, const std::string& kind, std::vector<Conflict>& found) {
  std::map<std::string, std::string> keys_by_id;
  const std::string list = "services." + kind;
  for (const size_t i : indices_of(entries, list)) {
    const std::string element = list + "[" + std::to_string(i) + "].";
    const std::string type = value_of(entries, element + "type");
    if (type == "disabled") continue;
    const bool has_id = entries.contains(element + "id");
    const std::string id =
        has_id ? value_of(entries, element + "id") : type + "-" + std::to_string(i);
    const auto [first, is_new] = keys_by_id.try_emplace(id, element + (has_id ? "id" : "type"));
    if (is_new) continue;
    const std::string key = element + (has_id ? "id" : "type");
    const auto used = entries.find(first->second);
    const uint32_t line = used == entries.end() ? 0 : used->second.position.line;
    found.push_back(
        {key, invalid("QT106", std::string(display_key(element)) + "id: " + quoted(id) +
                                   " is already used" +
                                   (line == 0 ? "" : " at line " + std::to_string(line)))});
  }
}

void check_stack(const Entries& entries, std::vector<Conflict>& found) {
  const std::string key = "tap.http.stack";
  const std::string name = value_of(entries, key);
  if (name.empty() || name == "none") return;
  const std::vector<std::string_view> names = stack_names(entries);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  found.push_back({key, invalid("QT107", key + ": no stack named " + quoted(name) +
                                             did_you_mean(name, names))});
}

void check_capture(const Entries& entries, std::vector<Conflict>& found) {
  const std::string ring = "capture.ring_bytes";
  const uint64_t bytes = parse_size(value_of(entries, ring));
  if ((bytes & (bytes - 1)) != 0) {  // BPF_MAP_TYPE_RINGBUF takes nothing else
    found.push_back(
        {ring, invalid("QT108", ring + ": " + value_of(entries, ring) + " is not a power of two")});
  }
  const std::string budget = "capture.budget.process";
  const std::string total = "capture.budget.total";
  const uint64_t of_all = parse_share(value_of(entries, total));
  if (of_all != 0 && parse_share(value_of(entries, budget)) > of_all) {
    found.push_back({budget, invalid("QT136", budget + ": " + value_of(entries, budget) +
                                                  " is more than capture.budget.total (" +
                                                  value_of(entries, total) + ")")});
  }
  const std::string probes = "capture.tls_probes";
  const std::string value = value_of(entries, probes);
  const std::vector<std::string_view> words = split_words(value);
  if (words.size() > 1 && std::find(words.begin(), words.end(), "none") != words.end()) {
    found.push_back({probes, invalid("QT109", probes + ": none excludes the others")});
  }
}

// `type` of the plugin that a list belongs to; without it each element has its own.
void check_required(const Entries& entries, const std::string& list, std::vector<Conflict>& found,
                    const std::optional<std::string>& type_of_list = {}) {
  for (const size_t i : indices_of(entries, list)) {
    const std::string element = list + "[" + std::to_string(i) + "]";
    const std::string type = type_of_list ? *type_of_list : value_of(entries, element + ".type");
    if (type == "disabled") continue;
    const auto any = entries.lower_bound(element + ".");
    for (const std::string_view word : required_below(pattern_of(element), type)) {
      if (!value_of(entries, element + "." + std::string(word)).empty()) continue;
      found.push_back({any->first, missing_option(std::string(display_key(element)), type, word)});
    }
  }
}

// Of an s3 store: what one key is worth nothing without.
void check_s3(const Entries& entries, std::vector<Conflict>& found) {
  for (const size_t i : indices_of(entries, "services.object_stores")) {
    const std::string element = "services.object_stores[" + std::to_string(i) + "].";
    if (value_of(entries, element + "type") != "s3") continue;
    const auto has = [&](const std::string& key) {
      return !value_of(entries, element + key).empty();
    };
    const auto needs = [&](const std::string& key, bool is_there, const std::string& other) {
      if (!has(key) || is_there) return;
      const std::string store(display_key(element.substr(0, element.size() - 1)));
      found.push_back({element + key, invalid("QT162", store + ": " + key + " without " + other)});
    };
    needs("access_key", has("secret_key"), "secret_key");
    needs("secret_key", has("access_key"), "access_key");
    needs("kms_key_id", value_of(entries, element + "sse") == "aws:kms", "sse: aws:kms");
  }
}

void check_object_keys(const Entries& entries, std::vector<Conflict>& found) {
  for (const size_t i : indices_of(entries, "services.object_stores")) {
    const std::string key = "services.object_stores[" + std::to_string(i) + "].object_key";
    const std::string value = value_of(entries, key);
    if (value.empty() || value.find("{{DIGEST}}") != std::string::npos) continue;
    found.push_back({key, invalid("QT163", std::string(display_key(key)) +
                                               ": must hold {{DIGEST}}: two objects would "
                                               "overwrite each other")});
  }
}

// Of an azure_blob store: exactly one of two secrets.
void check_azure(const Entries& entries, std::vector<Conflict>& found) {
  for (const size_t i : indices_of(entries, "services.object_stores")) {
    const std::string element = "services.object_stores[" + std::to_string(i) + "]";
    if (value_of(entries, element + ".type") != "azure_blob") continue;
    const bool has_key = !value_of(entries, element + ".shared_key").empty();
    const bool has_sas = !value_of(entries, element + ".sas_token").empty();
    const std::string store(display_key(element));
    if (has_key && has_sas) {
      found.push_back({element + ".sas_token",
                       invalid("QT195", store + ": shared_key and sas_token exclude each other")});
    } else if (!has_key && !has_sas) {
      found.push_back(
          {element + ".type",
           invalid("QT196", store + " (azure_blob): shared_key or sas_token is required")});
    }
  }
}

// What is written to a disk is read back by a thread.
void check_spool(const Entries& entries, std::vector<Conflict>& found) {
  if (value_of(entries, "worker.threads") != "0") return;
  for (const auto& [key, entry] : entries) {
    if (!key.ends_with("spool.dir") || entry.value.empty()) continue;
    found.push_back({key, invalid("QT225", std::string(display_key(key)) +
                                               ": a spool needs worker.threads: 1")});
  }
}

// Ids of those that are not disabled; the default one is <type>-<index>.
std::vector<std::string> ids_of(const Entries& entries, const std::string& list) {
  std::vector<std::string> ids;
  for (const size_t i : indices_of(entries, list)) {
    const std::string element = list + "[" + std::to_string(i) + "].";
    const std::string type = value_of(entries, element + "type");
    if (type == "disabled") continue;
    const std::string id = value_of(entries, element + "id");
    ids.push_back(id.empty() ? type + "-" + std::to_string(i) : id);
  }
  return ids;
}

void check_record_stores(const Entries& entries, std::vector<Conflict>& found) {
  const std::vector<std::string> ids = ids_of(entries, "services.event_stores");
  for (const size_t i : indices_of(entries, "services.object_stores")) {
    const std::string element = "services.object_stores[" + std::to_string(i) + "].";
    const std::string key = element + "event_store.id";
    const std::string id = value_of(entries, key);
    if (id.empty() || value_of(entries, element + "type") == "disabled") continue;
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) continue;
    const std::vector<std::string_view> names(ids.begin(), ids.end());
    found.push_back(
        {key, invalid("QT191", std::string(display_key(key)) + ": no event store with the id " +
                                   quoted(id) + did_you_mean(id, names))});
  }
}

}  // namespace

Error missing_option(const std::string& element, const std::string& type, std::string_view word) {
  return invalid("QT110", element + (type.empty() ? "" : " (" + type + ")") + ": \"" +
                              std::string(word) + "\" is required");
}

std::vector<size_t> indices_of(const Entries& entries, const std::string& list) {
  std::set<size_t> found;
  const std::string prefix = list + "[";
  for (auto it = entries.lower_bound(prefix); it != entries.end() && it->first.starts_with(prefix);
       ++it) {
    size_t index = 0;
    const std::string& key = it->first;
    std::from_chars(key.data() + prefix.size(), key.data() + key.size(), index);
    found.insert(index);
  }
  return {found.begin(), found.end()};
}

std::vector<std::string_view> stack_names(const Entries& entries) {
  std::vector<std::string_view> names;
  for (const auto& [key, entry] : entries) {
    if (pattern_of(key) == "stacks.*") names.push_back(stack_of(key));
  }
  return names;
}

std::vector<Conflict> find_conflicts(const Entries& entries) {
  std::vector<Conflict> found;
  check_types(entries, found);
  check_ids(entries, "event_stores", found);
  check_ids(entries, "object_stores", found);
  check_stack(entries, found);
  check_capture(entries, found);
  return found;
}

std::vector<Conflict> find_gaps(const Entries& entries) {
  std::vector<Conflict> found;
  check_required(entries, "services.event_stores", found);
  check_required(entries, "services.object_stores", found);
  for (const std::string_view name : stack_names(entries)) {
    const std::string plugins = "stacks." + std::string(name) + ".plugins";
    check_required(entries, plugins, found);
    for (const size_t i : indices_of(entries, plugins)) {
      const std::string plugin = plugins + "[" + std::to_string(i) + "].";
      check_required(entries, plugin + "config.rules", found, value_of(entries, plugin + "type"));
    }
  }
  check_s3(entries, found);
  check_spool(entries, found);
  check_azure(entries, found);
  check_object_keys(entries, found);
  check_record_stores(entries, found);
  check_event_stores(entries, found);
  check_required(entries, "rulekit.macros", found, "");
  if (value_of(entries, "capture.source") == "replay" &&
      value_of(entries, "capture.replay_file").empty()) {
    found.push_back(
        {"capture.source", invalid("QT111", "capture.source: replay needs capture.replay_file")});
  }
  return found;
}

}  // namespace qtap
