// SPDX-License-Identifier: Apache-2.0
// In: a connection, transaction, event or object and a name of spec/rule-fields.md. Out: one typed
// value. Owns nothing: a value borrows from the object that it was read from and lives as long as
// that. Any thread. Nothing is dropped. One table feeds the getters of the C ABI, rules and
// docs/fields.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/connection.h"
#include "model/event.h"
#include "model/field_stage.h"
#include "model/object.h"
#include "model/text_list.h"
#include "model/transaction.h"

namespace qtap {

enum class FieldType : uint8_t { kBool, kInt, kNumber, kText, kIp, kTextList };

// The type says which member counts.
struct FieldValue {
  FieldType type = FieldType::kBool;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  std::string_view text;
  const Address* ip = nullptr;
  const TextList* list = nullptr;
};

// What a field is read from; a transaction has its connection, an object its transaction.
enum class FieldOwner : uint8_t { kConnection, kTransaction, kEvent, kObject };

struct FieldSource {
  const Connection* connection = nullptr;
  const Transaction* transaction = nullptr;
  const Event* event = nullptr;
  const Object* object = nullptr;
};

// A name may end in "<name>" (a free last part: "http.req.headers.<name>") or in "[]" (a list,
// whose elements are "tls.alpn[0]", ...).
struct Field {
  const char* name;
  FieldType type;
  FieldOwner owner;
  const char* help;
  const char* since;
  // False: no value (yet). `rest` is the free last part.
  bool (*get)(const FieldSource& source, std::string_view rest, FieldValue& ret);
  FieldStage stage = FieldStage::kEnd;
};

// In the order of docs/fields.md.
std::span<const Field> field_table();
const char* field_type_name(FieldType type);
const char* field_owner_name(FieldOwner owner);
const char* field_stage_name(FieldStage stage);  // "connection", "request", "response", "end"

// Other spellings: "exe", "req.method", "response.status".
struct FieldAlias {
  const char* alias;  // ends in a dot: a prefix
  const char* stands_for;
};
std::span<const FieldAlias> field_aliases();

// The row of a concrete name, in any spelling; nullptr: there is none.
const Field* find_field(std::string_view name);

// A concrete name taken apart, so that reading its field again and again looks nothing up.
struct FieldPath {
  const Field* field = nullptr;  // null: there is no such field
  std::string rest;              // the free last part
  std::optional<size_t> element;
};
FieldPath parse_field(std::string_view name);
// False: the source has no value (yet).
bool read_field(const FieldSource& source, const FieldPath& path, FieldValue& ret);
// Whether what the field says now is what it will always say, when heads and ends are known up to
// `stage`; a missing one counts as such, and may turn up. `source` has a connection.
bool is_settled(const Field& field, FieldStage stage, const FieldSource& source);

// The nearest field name, at an edit distance of at most 2; "" = none.
std::string suggest_field(std::string_view name);

// False: no such field, or the object has no value for it; `ret` is left alone then.
bool get_field(const Connection& connection, std::string_view name, FieldValue& ret);
bool get_field(const Transaction& transaction, std::string_view name, FieldValue& ret);
bool get_field(const Event& event, std::string_view name, FieldValue& ret);
bool get_field(const Object& object, std::string_view name, FieldValue& ret);

}  // namespace qtap
