// SPDX-License-Identifier: Apache-2.0
// What every function of the C ABI does before and after its one call: check handles, check re-entry, import sized
// structs, let no exception out, keep the text of the error.
#pragma once

#include <qtap/qtap.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "base/result.h"
#include "model/config.h"
#include "session/session.h"

struct qtap_config {
  qtap::Config config;
  qtap::session::Logger logger;
  std::string error;
};

struct qtap_session {
  std::unique_ptr<qtap::session::Session> session;
  qtap::session::Logger logger;
  std::string error;
};

namespace qtap::capi {

// A sized struct is no larger than this in any version to come; more is garbage.
inline constexpr size_t kMaxStruct = 4096;

// What a function may be called from (the table in qtap/session.h).
enum class Where : uint8_t { kAnywhere, kOutsideCallbacks };

// Runs `body`, which returns a status; the standard library's exceptions end here.
template <typename Body>
int guard(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return QTAP_ERR_NOMEM;
  } catch (...) {
    return QTAP_ERR_INTERNAL;
  }
}

// The status of an outcome; its text goes to the handle.
template <typename Handle>
int keep(Handle& handle, Error error) {
  handle.error = std::move(error.text);
  return error.status;
}
template <typename Handle>
int keep(Handle& handle, Status status) {
  if (!status.ok()) return keep(handle, std::move(status).error());
  handle.error.clear();
  return QTAP_OK;
}

// A call on a session: `body` gets the C++ session and returns a Status.
template <typename Body>
int on_session(qtap_session* s, Where where, Body body) noexcept {
  return guard([&]() -> int {
    if (!s) return QTAP_ERR_INVALID;
    if (where == Where::kOutsideCallbacks && s->session->in_callback()) return QTAP_ERR_BUSY;
    return keep(*s, body(*s->session));
  });
}

// Copies a caller's struct into ours: what it does not have is zero; what we do not have must be.
// QTAP_ERR_INVALID: the size is missing. QTAP_ERR_UNSUPPORTED: it sets something newer than this library.
template <typename T>
Result<T> import_struct(const T* from, const char* name) {
  if (!from) return Error{QTAP_ERR_INVALID, std::string(name) + ": NULL"};
  if (from->size < sizeof(size_t) || from->size > kMaxStruct) {
    return Error{QTAP_ERR_INVALID, std::string(name) + ".size: expected sizeof(struct " + name + "), got " +
                                       std::to_string(from->size)};
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  const bool has_more = from->size > sizeof(T) &&
                        std::any_of(bytes + sizeof(T), bytes + from->size, [](unsigned char b) { return b != 0; });
  if (has_more) {
    return Error{QTAP_ERR_UNSUPPORTED,
                 std::string(name) + ": sets a member that libqtap " QTAP_VERSION " does not know"};
  }
  T ours = {};
  std::memcpy(static_cast<void*>(&ours), bytes, std::min(from->size, sizeof(T)));
  ours.size = sizeof(T);
  return ours;
}

// Fills a caller's struct as far as it reaches; its size says how far.
template <typename T>
int export_struct(T ours, T* to) {
  if (!to || to->size < sizeof(size_t) || to->size > kMaxStruct) return QTAP_ERR_INVALID;
  ours.size = std::min(to->size, sizeof(T));
  std::memcpy(static_cast<void*>(to), &ours, ours.size);
  return QTAP_OK;
}

inline std::string_view view(const qtap_str& s) { return s.data ? std::string_view(s.data, s.len) : std::string_view(); }

}  // namespace qtap::capi
