// SPDX-License-Identifier: Apache-2.0
// In: a call from C. Out: one call of C++, and a status for it. Checks handles and re-entry
// (capi/call_table.h), imports sized structs, lets no exception out, keeps the error's text. Owns
// the handles; any thread may come in, one at a time gets on. Nothing is dropped here.
#pragma once

#include <qtap/qtap.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "capi/call_table.h"
#include "model/config.h"
#include "session/session.h"

namespace qtap::capi {

// What the last error of a handle said. It keeps its room: to say that there is no memory must not
// need any.
class HandleText {
 public:
  HandleText() { text_.reserve(kRoom); }
  const char* c_str() const { return text_.c_str(); }
  bool empty() const { return text_.empty(); }
  void clear() { text_.clear(); }
  void set(const std::string& text) { text_ = text; }
  // At most kRoom bytes; does not allocate.
  void set_short(const char* text) noexcept { text_ = text; }

 private:
  static constexpr size_t kRoom = 64;
  std::string text_;
};

}  // namespace qtap::capi

struct qtap_config {
  qtap::Config config;
  qtap::session::Logger logger;
  qtap::capi::HandleText error;
};

struct qtap_session {
  qtap::capi::HandleText error;
  qtap::session::Logger logger;
  std::atomic<std::thread::id> inside = std::thread::id();  // who runs a call; the default: nobody
  // The last member dies first: what its sinks still do finds the rest of the handle.
  std::unique_ptr<qtap::session::Session> session;
};

namespace qtap::capi {

// A sized struct is no larger than this in any version to come; more is garbage.
inline constexpr size_t kMaxStruct = 4096;
inline constexpr const char* kOutOfMemory = "QT001: out of memory";
inline constexpr const char* kInternal = "QT002: internal error";

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

// What an outcome means to the caller; the text of an error stays with the handle.
inline int settle(HandleText& text, const Error& error) {
  text.set(message_of(error));
  return error.status;
}
inline int settle(HandleText& text, const Status& status) {
  if (!status.ok()) return settle(text, status.error());
  text.clear();
  return QTAP_OK;
}
inline int settle(HandleText& text, const Result<int>& result) {
  if (!result.ok()) return settle(text, result.error());
  text.clear();
  return *result;
}

// guard() for a handle with a text: `body` returns a Status or a Result<int>.
template <typename Body>
int guard_with_text(HandleText& text, Body body) noexcept {
  const int status = guard([&] { return settle(text, body()); });
  if (status == QTAP_ERR_NOMEM) text.set_short(kOutOfMemory);
  if (status == QTAP_ERR_INTERNAL && text.empty()) text.set_short(kInternal);
  return status;
}

// The right to work on a session, for one thread at a time. A second one is either the same thread
// again, from inside a callback, or another one.
class Turn {
 public:
  explicit Turn(qtap_session& s) : s_(s) {
    taken_ = s.inside.compare_exchange_strong(holder_, std::this_thread::get_id());
  }
  ~Turn() {
    if (taken_) s_.inside.store(std::thread::id());
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool taken() const { return taken_; }
  bool is_reentry() const { return !taken_ && holder_ == std::this_thread::get_id(); }
  // The session ends: there is nothing left to give the turn back to.
  void keep() { taken_ = false; }

 private:
  qtap_session& s_;
  std::thread::id holder_;
  bool taken_ = false;
};

// A call that needs the session for itself: `body` gets it and returns a Status or a Result<int>.
template <typename Body>
int on_session(qtap_session* s, const Call& call, Body body) noexcept {
  if (!s) return QTAP_ERR_INVALID;
  const Turn turn(*s);
  if (turn.taken()) return guard_with_text(s->error, [&] { return body(*s->session); });
  // The text is of the thread that works; only from inside of its call may it be replaced.
  if (turn.is_reentry()) {
    guard_with_text(s->error, [&]() -> Status {
      return Error{"QT003", QTAP_ERR_BUSY,
                   std::string(call.name) + ": not from inside a callback; return from it first"};
    });
  }
  return QTAP_ERR_BUSY;
}

// A size that some version of T can have. C structs are multiples of their alignment; half a
// pointer at the end would be a wild one.
template <typename T>
bool is_struct_size(size_t size) {
  return size >= sizeof(size_t) && size <= kMaxStruct && size % alignof(T) == 0;
}

// Copies a caller's struct into ours: what it does not have is zero; what we do not have must be.
// QTAP_ERR_INVALID: the size is missing. QTAP_ERR_UNSUPPORTED: it sets what a newer version has.
template <typename T>
Result<T> import_struct(const T* from, const char* name) {
  if (!from) return Error{"QT004", QTAP_ERR_INVALID, std::string(name) + ": is NULL"};
  const size_t size = from->size;
  if (!is_struct_size<T>(size)) {
    return Error{"QT005", QTAP_ERR_INVALID,
                 std::string(name) + ".size: expected sizeof(struct " + name + "), got " +
                     std::to_string(size)};
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  if (size > sizeof(T) && std::any_of(bytes + sizeof(T), bytes + size, [](auto b) { return b; })) {
    return Error{"QT006", QTAP_ERR_UNSUPPORTED,
                 std::string(name) + ": sets a member that libqtap " + QTAP_VERSION +
                     " does not know; install a newer one"};
  }
  T ours = {};
  std::memcpy(static_cast<void*>(&ours), bytes, std::min(size, sizeof(T)));
  ours.size = sizeof(T);
  return ours;
}

// Fills a caller's struct as far as it reaches; its size then says how far.
template <typename T>
int export_struct(T ours, T* to) {
  if (!to || !is_struct_size<T>(to->size)) return QTAP_ERR_INVALID;
  ours.size = std::min(to->size, sizeof(T));
  std::memcpy(static_cast<void*>(to), &ours, ours.size);
  return QTAP_OK;
}

}  // namespace qtap::capi
