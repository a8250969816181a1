// SPDX-License-Identifier: Apache-2.0
#include "context/name_table.h"

namespace qtap::context {
namespace {

// An IPv6 socket writes an IPv4 address as a mapped one, and so does Address: the family says
// nothing that the bytes do not.
std::string key_of(std::string_view container, const Address& address) {
  std::string key(reinterpret_cast<const char*>(address.ip.data()), address.ip.size());
  key += container;
  return key;
}

}  // namespace

void NameTable::renew(Entries::iterator entry, int64_t now_ns) {
  entry->used_ns = now_ns;
  entries_.splice(entries_.begin(), entries_, entry);
}

void NameTable::add(std::string_view container, const Address& address, std::string_view name,
                    int64_t now_ns) {
  std::string key = key_of(container, address);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    known->second->name = name;
    return renew(known->second, now_ns);
  }
  entries_.push_front({std::move(key), std::string(name), now_ns});
  by_key_.emplace(entries_.front().key, entries_.begin());
  // Those that are too old go on the way; each call adds one.
  for (int i = 0; i < 2 && now_ns - entries_.back().used_ns > kKeepNs; ++i) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  if (by_key_.size() <= kMaxNames) return;
  by_key_.erase(entries_.back().key);
  entries_.pop_back();
  ++forgotten_;
}

std::string_view NameTable::find(std::string_view container, const Address& address,
                                 int64_t now_ns) {
  if (by_key_.empty() || address.family == 0) return {};
  const auto known = by_key_.find(key_of(container, address));
  if (known == by_key_.end()) return {};
  if (now_ns - known->second->used_ns > kKeepNs) return {};
  renew(known->second, now_ns);
  return known->second->name;
}

}  // namespace qtap::context
