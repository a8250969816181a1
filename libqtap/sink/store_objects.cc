// SPDX-License-Identifier: Apache-2.0
// Objects on their way to a sink, several at once. While the storage is not known to be up only the
// first of them is tried (BackOff): the others keep their attempts for later.
#include <algorithm>
#include <new>
#include <utility>

#include "sink/store.h"

namespace qtap::sink {
namespace {

bool may_retry(const Status& status) {
  return !status.ok() && status.error().status == QTAP_ERR_AGAIN;
}

}  // namespace

// The objects that `items` begins with, as many as may go together. How many it was, at least 1.
size_t Store::deliver_objects(std::span<const Item> items) {
  const auto digest_of = [](const Item& item) -> const std::string& {
    return std::get<Ref<Object>>(item)->digest;
  };
  const size_t most = std::min(items.size(), sink_->objects_at_once());
  if (most == 1 || known_.contains(digest_of(items[0]))) {
    deliver_one(items[0]);
    return 1;
  }
  std::vector<OpenObject> open = {{&items[0]}};
  for (const Item& item : items.subspan(0, most).subspan(1)) {
    // Equal bytes wait for those before them: only then is it known whether they are stored.
    if (!std::holds_alternative<Ref<Object>>(item) || known_.contains(digest_of(item))) break;
    const bool is_equal = std::any_of(open.begin(), open.end(), [&](const OpenObject& one) {
      return digest_of(*one.item) == digest_of(item);
    });
    if (is_equal) break;
    open.push_back({&item});
  }
  const size_t taken = open.size();
  try {
    while (!open.empty()) send_objects(open);
  } catch (const std::bad_alloc&) {  // there is nobody above to tell
    counters_.dropped_refused += open.size();
  }
  return taken;
}

// One round. Those that are stored or given up are no longer in `open`.
void Store::send_objects(std::vector<OpenObject>& open) {
  if (back_off_.is_open()) {
    rest();
    if (!wait_before_retry()) return give_up(open);
  }
  const size_t count = back_off_.is_open() ? 1 : open.size();
  std::vector<Ref<Object>> objects;
  for (size_t i = 0; i < count; ++i) objects.push_back(std::get<Ref<Object>>(*open[i].item));
  const std::vector<Status> outcomes = sink_->put_objects(objects);
  const bool is_down = std::all_of(outcomes.begin(), outcomes.end(), may_retry);
  is_down ? back_off_.failed() : back_off_.succeeded();
  for (size_t i = count; i-- > 0;) {
    const Item* const item = open[i].item;
    if (may_retry(outcomes[i]) && ++open[i].attempts < options_.max_attempts) {
      ++counters_.retries;
      continue;
    }
    open.erase(open.begin() + static_cast<ptrdiff_t>(i));
    if (outcomes[i].ok()) known_.add(objects[i]->digest);
    finish(*item, outcomes[i]);
  }
}

void Store::give_up(std::vector<OpenObject>& open) {
  while (!open.empty()) {
    const Item* const item = open.back().item;
    open.pop_back();
    finish(*item, closed_first());
  }
}

}  // namespace qtap::sink
