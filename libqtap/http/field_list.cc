// SPDX-License-Identifier: Apache-2.0
#include "http/field_list.h"

#include <algorithm>
#include <new>
#include <utility>

namespace qtap::http {
namespace {

// Most heads fit; browsers' requests need twice as much.
constexpr size_t kUsualRoom = 512;

}  // namespace

FieldList::FieldList(std::initializer_list<Header> fields) {
  for (const Header& field : fields) push_back(field);
}

FieldList::FieldList(const FieldList& other)
    : room_(other.used_ + other.count_ * uint32_t{sizeof(Ends)}),
      used_(other.used_),
      count_(other.count_) {
  if (room_ == 0) return;
  buffer_ = std::make_unique_for_overwrite<char[]>(room_);
  std::memcpy(buffer_.get(), other.buffer_.get(), used_);
  if (count_ > 0) std::memcpy(place_of(count_ - 1), other.place_of(count_ - 1), room_ - used_);
}

void FieldList::grow(size_t more) {
  const size_t ends = count_ * sizeof(Ends);
  const size_t room = std::max({kUsualRoom, size_t{room_} * 2, used_ + more + ends});
  if (room > UINT32_MAX) throw std::bad_alloc();
  auto larger = std::make_unique_for_overwrite<char[]>(room);
  if (buffer_) {
    std::memcpy(larger.get(), buffer_.get(), used_);
    std::memcpy(larger.get() + room - ends, buffer_.get() + room_ - ends, ends);
  }
  buffer_ = std::move(larger);
  room_ = static_cast<uint32_t>(room);
}

}  // namespace qtap::http
