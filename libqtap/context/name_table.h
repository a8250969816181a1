// SPDX-License-Identifier: Apache-2.0
// In: DNS answers. Out: the name by which a container reached an address.
// The shard owns the table and uses it on its thread. A name is known for five minutes after the
// answer or its last use (spec/events-and-objects.md 1, endpointId), whatever its TTL said:
// programs keep what they resolved for longer. At most kMaxNames; the one that was not used for
// longest goes first, and is counted.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "model/record.h"

namespace qtap::context {

class NameTable {
 public:
  // About 200 bytes each; a crawler alone resolves this many in five minutes.
  static constexpr size_t kMaxNames = 65536;
  static constexpr int64_t kKeepNs = 300'000'000'000;

  // `container`: its id; "" = of the host. The newest name of an address counts.
  void add(std::string_view container, const Address& address, std::string_view name,
           int64_t now_ns);
  // "" when none is known. Renews it.
  std::string_view find(std::string_view container, const Address& address, int64_t now_ns);

  size_t size() const { return by_key_.size(); }
  uint64_t forgotten() const { return forgotten_; }  // for want of room

 private:
  struct Entry {
    std::string key;
    std::string name;
    int64_t used_ns;
  };
  using Entries = std::list<Entry>;  // the last used first

  void renew(Entries::iterator entry, int64_t now_ns);

  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // views of Entry::key
  uint64_t forgotten_ = 0;
};

}  // namespace qtap::context
