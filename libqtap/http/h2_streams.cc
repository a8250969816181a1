// SPDX-License-Identifier: Apache-2.0
#include "http/h2_streams.h"

#include <algorithm>

namespace qtap::http {
namespace {

// Room for so many pointers is kept while no stream is open: that of a few requests at once.
constexpr size_t kKept = 8;

}  // namespace

size_t H2Streams::place_of(uint32_t id) const {
  if (streams_.empty() || streams_.back()->id < id) return streams_.size();
  const auto is_below = [](const auto& stream, uint32_t wanted) { return stream->id < wanted; };
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), id, is_below);
  return static_cast<size_t>(at - streams_.begin());
}

H2Stream* H2Streams::find(uint32_t id) {
  if (streams_.empty()) return nullptr;
  if (streams_.back()->id == id) return streams_.back().get();
  const size_t at = place_of(id);
  return at < streams_.size() && streams_[at]->id == id ? streams_[at].get() : nullptr;
}

H2Stream& H2Streams::open(uint32_t id) {
  const auto at = streams_.begin() + static_cast<ptrdiff_t>(place_of(id));
  auto made = std::make_unique<H2Stream>();
  made->id = id;
  return **streams_.insert(at, std::move(made));
}

void H2Streams::close(uint32_t id) {
  const size_t at = place_of(id);
  if (at == streams_.size() || streams_[at]->id != id) return;
  streams_.erase(streams_.begin() + static_cast<ptrdiff_t>(at));
  if (streams_.empty() && streams_.capacity() > kKept) clear();
}

}  // namespace qtap::http
