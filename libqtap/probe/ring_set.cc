// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_set.h"

#include <algorithm>
#include <cstring>

#include "bpf/shared/records.h"

namespace qtap::probe {
namespace {

uint64_t time_of(std::span<const uint8_t> record) {
  qtap_record_header header = {};
  if (record.size() >= sizeof(header)) memcpy(&header, record.data(), sizeof(header));
  return header.time_ns;
}

}  // namespace

RingSet::RingSet(std::vector<std::unique_ptr<Ring>> rings) {
  for (auto& ring : rings) heads_.push_back({std::move(ring), std::nullopt});
}

bool RingSet::look_at_empty_rings() {
  bool found = false;
  for (Head& head : heads_) {
    if (head.record) continue;
    head.record = head.ring->peek();
    if (!head.record) continue;
    head.time_ns = time_of(*head.record);
    found = true;
  }
  return found;
}

std::optional<std::span<const uint8_t>> RingSet::peek() {
  if (oldest_ != nullptr) return oldest_->record;
  if (heads_.size() == 1) {
    look_at_empty_rings();
    if (!heads_[0].record) return std::nullopt;
    oldest_ = &heads_[0];
    return oldest_->record;
  }
  do {
    while (look_at_empty_rings()) {
    }
    // Busy, or just filled: the second look tells.
  } while (is_held_up() && look_at_empty_rings());
  if (is_held_up()) return std::nullopt;
  for (Head& head : heads_) {
    if (head.record && (oldest_ == nullptr || head.time_ns < oldest_->time_ns)) oldest_ = &head;
  }
  return oldest_ != nullptr ? oldest_->record : std::nullopt;
}

void RingSet::pop() {
  oldest_->ring->pop();
  oldest_->record.reset();
  oldest_ = nullptr;
}

bool RingSet::is_held_up() const {
  return std::any_of(heads_.begin(), heads_.end(), [](const Head& head) {
    return !head.record && head.ring->written() != head.ring->taken();
  });
}

RingSet::Positions RingSet::written() const {
  Positions positions;
  for (const Head& head : heads_) positions.push_back(head.ring->written());
  return positions;
}

bool RingSet::reached(const Positions& positions) const {
  for (size_t i = 0; i < heads_.size(); ++i) {
    if (heads_[i].ring->taken() < positions[i]) return false;
  }
  return true;
}

uint64_t RingSet::fullest() const {
  uint64_t most = 0;
  for (const Head& head : heads_) most = std::max(most, head.ring->written() - head.ring->taken());
  return most;
}

}  // namespace qtap::probe
