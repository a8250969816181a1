// SPDX-License-Identifier: Apache-2.0
#include <qtap/model.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "capi/boundary.h"
#include "model/field_table.h"
#include "model/handles.h"

using namespace qtap::capi;

namespace {

template <typename Noun>
const Noun* ref(const Noun* noun) {
  if (noun) qtap::from_c(noun).ref();
  return noun;
}

template <typename Noun>
void unref(const Noun* noun) {
  if (!noun) return;
  const auto& object = qtap::from_c(noun);
  if (object.unref()) delete &object;
}

qtap_value to_public(const qtap::FieldValue& from) {
  qtap_value to = {};
  switch (from.type) {
    case qtap::FieldType::kBool:
      to.type = QTAP_VALUE_BOOL;
      to.i = from.boolean;
      break;
    case qtap::FieldType::kInt:
      to.type = QTAP_VALUE_INT64;
      to.i = from.integer;
      break;
    case qtap::FieldType::kNumber:
      to.type = QTAP_VALUE_DOUBLE;
      to.d = from.number;
      break;
    case qtap::FieldType::kText:
      to.type = QTAP_VALUE_STRING;
      to.s = {from.text.data(), from.text.size()};
      break;
    case qtap::FieldType::kIp:
      to.type = QTAP_VALUE_IP;
      to.family = from.ip->family == AF_INET ? 4 : 6;
      std::copy(from.ip->ip.begin(), from.ip->ip.end(), to.ip);
      break;
    case qtap::FieldType::kTextList:
      to.type = QTAP_VALUE_STRING_LIST;
      to.items = from.list->values();
      to.count = from.list->size();
      break;
  }
  return to;
}

template <typename Noun>
int field(const Noun* noun, const char* name, qtap_value* ret) {
  if (!noun || !name || !ret) return QTAP_ERR_INVALID;
  return guard([&] {
    qtap::FieldValue value;
    if (!qtap::get_field(qtap::from_c(noun), name, value)) return QTAP_ERR_NOTFOUND;
    *ret = to_public(value);
    return QTAP_OK;
  });
}

qtap_str str(std::string_view text) {
  return {text.data(), text.size()};
}

const qtap::http::Message* message_of(const qtap_transaction* tx, int message) {
  const qtap::Transaction& transaction = qtap::from_c(tx);
  if (message == QTAP_REQUEST) return &transaction.request;
  return message == QTAP_RESPONSE ? &transaction.response : nullptr;
}

std::vector<qtap_field> public_fields() {
  std::vector<qtap_field> rows;
  for (const qtap::Field& f : qtap::field_table()) {
    rows.push_back({sizeof(qtap_field), f.name, qtap::field_type_name(f.type), f.help, f.since});
  }
  return rows;
}

}  // namespace

extern "C" {

const struct qtap_field* qtap_field_at(size_t index) {
  const qtap_field* row = nullptr;
  guard([&] {
    static const std::vector<qtap_field> rows = public_fields();
    if (index < rows.size()) row = &rows[index];
    return QTAP_OK;
  });
  return row;
}

const qtap_connection* qtap_connection_ref(const qtap_connection* conn) {
  return ref(conn);
}
void qtap_connection_unref(const qtap_connection* conn) {
  unref(conn);
}
const qtap_transaction* qtap_transaction_ref(const qtap_transaction* tx) {
  return ref(tx);
}
void qtap_transaction_unref(const qtap_transaction* tx) {
  unref(tx);
}
const qtap_event* qtap_event_ref(const qtap_event* event) {
  return ref(event);
}
void qtap_event_unref(const qtap_event* event) {
  unref(event);
}
const qtap_object* qtap_object_ref(const qtap_object* object) {
  return ref(object);
}
void qtap_object_unref(const qtap_object* object) {
  unref(object);
}

int qtap_connection_field(const qtap_connection* conn, const char* name, struct qtap_value* ret) {
  return field(conn, name, ret);
}
int qtap_transaction_field(const qtap_transaction* tx, const char* name, struct qtap_value* ret) {
  return field(tx, name, ret);
}
int qtap_event_field(const qtap_event* event, const char* name, struct qtap_value* ret) {
  return field(event, name, ret);
}
int qtap_object_field(const qtap_object* object, const char* name, struct qtap_value* ret) {
  return field(object, name, ret);
}

const qtap_connection* qtap_transaction_connection(const qtap_transaction* tx) {
  return tx ? qtap::to_c(*qtap::from_c(tx).connection) : nullptr;
}

int qtap_transaction_header_at(const qtap_transaction* tx, int message, size_t index,
                               struct qtap_str* ret_name, struct qtap_str* ret_value) {
  if (!tx || !ret_name || !ret_value) return QTAP_ERR_INVALID;
  const qtap::http::Message* m = message_of(tx, message);
  if (!m) return QTAP_ERR_INVALID;
  if (index >= m->headers.size()) return QTAP_ERR_NOTFOUND;
  *ret_name = str(m->headers[index].name);
  *ret_value = str(m->headers[index].value);
  return QTAP_OK;
}

int qtap_transaction_body(const qtap_transaction* tx, int message, struct qtap_str* ret) {
  if (!tx || !ret) return QTAP_ERR_INVALID;
  const qtap::http::Message* m = message_of(tx, message);
  if (!m) return QTAP_ERR_INVALID;
  *ret = str(m->body);
  return QTAP_OK;
}

int qtap_transaction_decoded_body(const qtap_transaction* tx, int message, struct qtap_str* ret,
                                  int* ret_state) {
  if (!tx || !ret || !message_of(tx, message)) return QTAP_ERR_INVALID;
  return guard([&] {
    const qtap::MessageKind kind = static_cast<qtap::MessageKind>(message);
    const qtap::DecodedBody& body = qtap::lend_decoded_body(qtap::from_c(tx), kind);
    *ret = {body.text.data(), body.text.size()};
    if (ret_state) *ret_state = static_cast<int>(body.state);
    return QTAP_OK;
  });
}

int qtap_event_json(const qtap_event* event, struct qtap_str* ret) {
  if (!event || !ret) return QTAP_ERR_INVALID;
  *ret = str(qtap::from_c(event).json);
  return QTAP_OK;
}

int qtap_object_data(const qtap_object* object, struct qtap_str* ret) {
  if (!object || !ret) return QTAP_ERR_INVALID;
  *ret = str(qtap::from_c(object).data);
  return QTAP_OK;
}

}  // extern "C"
