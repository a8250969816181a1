// SPDX-License-Identifier: Apache-2.0
#include "rulekit/field_frame.h"

#include <algorithm>
#include <new>

#include <qtap/base.h>

namespace qtap::rulekit {

void fill_table(std::span<const std::string> names, std::span<const MapEntry> entries,
                std::span<const Value*> table) {
  for (size_t at = 0; at < names.size(); ++at) table[at] = find_member(entries, names[at]);
}

FieldFrame::FieldFrame(const FieldSource& source, std::span<const std::string> names,
                       Scratch* scratch)
    : source_(&source), names_(names), scratch_(scratch) {
  const size_t count = names.size();
  if (count <= kInline) {
    cache_ = inline_cache_;
    statuses_ = inline_statuses_;
    values_ = reinterpret_cast<Value*>(inline_values_);
  } else {
    cache_ = scratch->array<const Value*>(count).data();
    statuses_ = scratch->array<int>(count).data();
    values_ = scratch->array<Value>(count).data();
  }
  std::fill_n(cache_, count, nullptr);
  std::fill_n(statuses_, count, 0);
  known_ = cache_;
}

const Value* FieldFrame::ask(uint32_t field) {
  if (statuses_[field] != 0) return nullptr;
  Value* value = new (values_ + field) Value;
  const int status = source_->lookup(source_->user, {field, names_[field]}, *scratch_, value);
  if (status < 0) {
    statuses_[field] = status;
    return nullptr;
  }
  cache_[field] = value;
  return value;
}

int FieldFrame::status(uint32_t field) const {
  return source_ == nullptr ? QTAP_ERR_NOTFOUND : statuses_[field];
}

}  // namespace qtap::rulekit
