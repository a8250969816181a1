// SPDX-License-Identifier: Apache-2.0
// What is on its way to a sink together: objects side by side, or a batch of events.
#include <algorithm>
#include <new>
#include <utility>

#include "sink/store.h"

namespace qtap::sink {
namespace {

template <typename T>
std::vector<Ref<T>> refs_of(std::span<const Store::OpenItem> open) {
  std::vector<Ref<T>> refs;
  for (const Store::OpenItem& one : open) refs.push_back(std::get<Ref<T>>(*one.item));
  return refs;
}

}  // namespace

// The objects that `items` begins with, as many as may go together. How many it was, at least 1.
size_t Store::deliver_objects(std::span<const Item> items) {
  const auto identity_of = [this](const Item& item) {
    return sink_->identity(*std::get<Ref<Object>>(item));
  };
  const size_t most = std::min(items.size(), sink_->objects_at_once());
  if ((most == 1 && !spool_) || known_.contains(identity_of(items[0]))) {
    deliver_one(items[0]);
    return 1;
  }
  std::vector<OpenItem> open = {{&items[0]}};
  for (const Item& item : items.subspan(0, most).subspan(1)) {
    // Equal bytes wait for those before them: only then is it known whether they are stored.
    if (!std::holds_alternative<Ref<Object>>(item) || known_.contains(identity_of(item))) break;
    const bool is_equal = std::any_of(open.begin(), open.end(), [&](const OpenItem& one) {
      return identity_of(*one.item) == identity_of(item);
    });
    if (is_equal) break;
    open.push_back({&item});
  }
  return deliver_group(std::move(open));
}

// The events that `items` begins with, as many as make a batch. How many it was, at least 1.
size_t Store::deliver_batch(std::span<const Item> items) {
  std::vector<OpenItem> open;
  for (const Item& item : items) {
    if (open.size() == options_.batch_events || !std::holds_alternative<Ref<Event>>(item)) break;
    open.push_back({&item});
  }
  return deliver_group(std::move(open));
}

size_t Store::deliver_group(std::vector<OpenItem> open) {
  const size_t taken = open.size();
  try {
    while (!open.empty()) send_group(open);
  } catch (const std::bad_alloc&) {  // there is nobody above to tell
    counters_.dropped_refused += static_cast<uint64_t>(std::count_if(
        open.begin(), open.end(), [](const OpenItem& one) { return one.item != nullptr; }));
  }
  return taken;
}

// One round. Those that are stored or given up are no longer in `open`.
void Store::send_group(std::vector<OpenItem>& open) {
  if (back_off_.is_open()) {
    std::erase_if(open, [this](const OpenItem& one) { return keep(*one.item); });
    if (open.empty()) return;
    rest();
    if (!wait_before_retry()) return give_up(open);
  }
  const bool are_objects = std::holds_alternative<Ref<Object>>(*open.front().item);
  // While the storage is not known to be up only the first object is tried: the others keep their
  // attempts for later. A batch stays as it is, so that a storage can tell that it has it already.
  const size_t count = are_objects && back_off_.is_open() ? 1 : open.size();
  const std::span<const OpenItem> sent = std::span(open).first(count);
  const std::vector<Status> outcomes = are_objects ? sink_->put_objects(refs_of<Object>(sent))
                                                   : sink_->put_batch(refs_of<Event>(sent));
  const bool is_down = std::all_of(outcomes.begin(), outcomes.end(), may_retry);
  set_down(is_down);
  // From here on what is over has no item: an exception must not count it again.
  for (size_t i = 0; i < count; ++i) {
    OpenItem& one = open[i];
    const bool is_kept = is_down && keep(*one.item);
    if (is_kept) {
      ++counters_.retries;
      one.item = nullptr;
    } else if (may_retry(outcomes[i]) && ++one.attempts < options_.max_attempts) {
      ++counters_.retries;
    } else {
      const Item& item = *std::exchange(one.item, nullptr);
      if (are_objects && outcomes[i].ok()) {
        known_.add(sink_->identity(*std::get<Ref<Object>>(item)));
      }
      finish(item, outcomes[i]);
    }
  }
  std::erase_if(open, [](const OpenItem& one) { return one.item == nullptr; });
}

void Store::give_up(std::vector<OpenItem>& open) {
  while (!open.empty()) {
    const Item* const item = open.back().item;
    open.pop_back();
    finish(*item, closed_first());
  }
}

}  // namespace qtap::sink
