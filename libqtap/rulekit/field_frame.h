// SPDX-License-Identifier: Apache-2.0
// The fields of one evaluation, by number: a table that the caller has filled, or a source that is
// asked for a field when it matters, and then once.
// Thread: the one that evaluates; it lives on its stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "rulekit/function.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

struct FieldRef {
  uint32_t slot;          // index in fields() of what is evaluated: the rule, or the rule set
  std::string_view name;  // the same field by name
};

// Where field values come from. `lookup` returns QTAP_OK and sets `ret`, QTAP_ERR_NOTFOUND for a
// field that is not (yet) known, or another negative status. What the value borrows must live as
// long as the evaluation; `scratch` does.
struct FieldSource {
  int (*lookup)(void* user, const FieldRef& field, Scratch& scratch, Value* ret) = nullptr;
  void* user = nullptr;
};

// One pointer per field of the rule or rule set, in the order of its fields(); null for a field
// that is not (yet) known. Borrowed until the evaluation ends, with what it points at.
using FieldTable = std::span<const Value* const>;

// Fills a table (of as many pointers as there are names) from nested maps by find_member().
void fill_table(std::span<const std::string> names, std::span<const MapEntry> entries,
                std::span<const Value*> table);

class FieldFrame {
 public:
  // Precondition: the table has an entry for each of the names.
  explicit FieldFrame(FieldTable table) : known_(table.data()) {}
  FieldFrame(const FieldSource& source, std::span<const std::string> names, Scratch* scratch);
  FieldFrame(const FieldFrame&) = delete;
  FieldFrame& operator=(const FieldFrame&) = delete;

  // Null: status() says why. A null of the language is a value.
  const Value* get(uint32_t field) {
    const Value* known = known_[field];
    return known != nullptr || source_ == nullptr ? known : ask(field);
  }
  // QTAP_ERR_NOTFOUND or another negative status. Precondition: get() has just said null.
  int status(uint32_t field) const;

 private:
  // Ordinary rules have fewer fields than this; what more need is in the Scratch.
  static constexpr size_t kInline = 16;

  const Value* ask(uint32_t field);

  const Value* const* known_;
  const FieldSource* source_ = nullptr;
  std::span<const std::string> names_;
  Scratch* scratch_ = nullptr;
  const Value** cache_ = nullptr;
  Value* values_ = nullptr;
  int* statuses_ = nullptr;  // 0: not asked, or known
  // Raw, for most of it stays unused.
  const Value* inline_cache_[kInline];
  int inline_statuses_[kInline];
  alignas(Value) std::byte inline_values_[kInline * sizeof(Value)];
};

}  // namespace qtap::rulekit
