// SPDX-License-Identifier: Apache-2.0
// The opaque types of the C ABI are our own nouns: one cast in each direction, in one place.
#pragma once

#include <qtap/model.h>

#include "model/connection.h"
#include "model/event.h"
#include "model/object.h"
#include "model/transaction.h"

namespace qtap {

inline const qtap_connection* to_c(const Connection& c) {
  return reinterpret_cast<const qtap_connection*>(&c);
}
inline const qtap_transaction* to_c(const Transaction& t) {
  return reinterpret_cast<const qtap_transaction*>(&t);
}
inline const qtap_event* to_c(const Event& e) {
  return reinterpret_cast<const qtap_event*>(&e);
}
inline const qtap_object* to_c(const Object& o) {
  return reinterpret_cast<const qtap_object*>(&o);
}

inline const Connection& from_c(const qtap_connection* c) {
  return *reinterpret_cast<const Connection*>(c);
}
inline const Transaction& from_c(const qtap_transaction* t) {
  return *reinterpret_cast<const Transaction*>(t);
}
inline const Event& from_c(const qtap_event* e) {
  return *reinterpret_cast<const Event*>(e);
}
inline const Object& from_c(const qtap_object* o) {
  return *reinterpret_cast<const Object*>(o);
}

}  // namespace qtap
