// SPDX-License-Identifier: Apache-2.0
// The header fields of one message in the order in which they came, all in one buffer: their texts
// from its beginning, where each of them ends from its end. A head costs one allocation, not two
// for each field; a copy takes no more room than it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "http/short_copy.h"

namespace qtap::http {

struct Header {
  std::string_view name;  // case as sent
  std::string_view value;
};

// What it hands out are views into the buffer: they live until the list changes, or is moved from
// or destroyed. What it is given is copied, and must not be its own. Throws std::bad_alloc, also
// beyond 4 GiB.
class FieldList {
 public:
  class Iterator {
   public:
    using value_type = Header;
    using difference_type = ptrdiff_t;
    using reference = Header;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;

    Iterator() = default;
    Iterator(const FieldList& list, size_t at) : list_(&list), at_(at) {}
    Header operator*() const { return (*list_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return {*list_, at_++}; }
    bool operator==(const Iterator&) const = default;

   private:
    const FieldList* list_ = nullptr;
    size_t at_ = 0;
  };

  FieldList() = default;
  FieldList(std::initializer_list<Header> fields);
  FieldList(const FieldList& other);
  FieldList(FieldList&& other) noexcept
      : buffer_(std::move(other.buffer_)),
        room_(std::exchange(other.room_, 0)),
        used_(std::exchange(other.used_, 0)),
        count_(std::exchange(other.count_, 0)) {}
  FieldList& operator=(const FieldList& other) { return *this = FieldList(other); }
  FieldList& operator=(FieldList&& other) noexcept {
    buffer_ = std::move(other.buffer_);
    room_ = std::exchange(other.room_, 0);
    used_ = std::exchange(other.used_, 0);
    count_ = std::exchange(other.count_, 0);
    return *this;
  }
  ~FieldList() = default;

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Header operator[](size_t at) const {
    const Ends ends = ends_of(at);
    const size_t begin = at == 0 ? 0 : ends_of(at - 1).value;
    const char* text = buffer_.get();
    return {{text + begin, ends.name - begin}, {text + ends.name, ends.value - ends.name}};
  }
  Header back() const { return (*this)[count_ - 1]; }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, count_}; }

  void push_back(const Header& field) { add(field.name, field.value); }
  void add(std::string_view name, std::string_view value) {
    const size_t size = name.size() + value.size();
    make_room(sizeof(Ends) + size);
    char* const to = buffer_.get() + used_;
    copy_short(to, name);
    copy_short(to + name.size(), value);
    const uint32_t name_end = used_ + static_cast<uint32_t>(name.size());
    used_ += static_cast<uint32_t>(size);
    set_ends(count_++, {name_end, used_});
  }
  void pop_back() {
    --count_;
    used_ = count_ == 0 ? 0 : ends_of(count_ - 1).value;
  }
  // The last field: a piece more of its name, while it has no value; less of it; a piece more of
  // its value.
  void extend_name(std::string_view piece) {
    make_room(piece.size());
    append(piece);
    set_ends(count_ - 1, {used_, used_});
  }
  void cut_name(size_t size) {
    used_ -= static_cast<uint32_t>(back().name.size() - size);
    set_ends(count_ - 1, {used_, used_});
  }
  void extend_value(std::string_view piece) {
    make_room(piece.size());
    append(piece);
    set_ends(count_ - 1, {ends_of(count_ - 1).name, used_});
  }

 private:
  struct Ends {  // of the texts of a field, in the buffer
    uint32_t name;
    uint32_t value;
  };

  void make_room(size_t more) {
    if (more > room_ - used_ - count_ * sizeof(Ends)) grow(more);
  }
  void grow(size_t more);
  void append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(buffer_.get() + used_, text.data(), text.size());
    used_ += static_cast<uint32_t>(text.size());
  }
  char* place_of(size_t at) const { return buffer_.get() + room_ - (at + 1) * sizeof(Ends); }
  Ends ends_of(size_t at) const {
    Ends ends;
    std::memcpy(&ends, place_of(at), sizeof ends);
    return ends;
  }
  void set_ends(size_t at, Ends ends) { std::memcpy(place_of(at), &ends, sizeof ends); }

  std::unique_ptr<char[]> buffer_;
  uint32_t room_ = 0;   // bytes of the buffer
  uint32_t used_ = 0;   // of these by texts
  uint32_t count_ = 0;  // fields
};

}  // namespace qtap::http
