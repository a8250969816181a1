// SPDX-License-Identifier: Apache-2.0
// Errors as values. Result<T> holds a T or an Error; Status is Result<void>.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <qtap/base.h>

namespace qtap {

// A row of docs/messages.yaml, "QT042"; that it looks like one is checked when it is compiled.
class MessageId {
 public:
  constexpr MessageId() = default;  // none
  consteval MessageId(const char (&id)[6]) : text_(id) {
    if (id[0] != 'Q' || id[1] != 'T') must_be_qt_and_three_digits();
    for (int i = 2; i < 5; ++i) {
      if (id[i] < '0' || id[i] > '9') must_be_qt_and_three_digits();
    }
  }
  constexpr const char* text() const { return text_; }

 private:
  static void must_be_qt_and_three_digits();  // not defined, nor constant: ends the compilation
  const char* text_ = "";
};

// A public status code and one line of text: what was tried, on what, why it failed, what to do.
// Who adds to the text of an error leaves it its id. The modules that know nothing of qtap (http,
// rulekit) have no ids: theirs is given where they are used.
struct Error {
  Error() = default;
  Error(int with_status, std::string with_text) : status(with_status), text(std::move(with_text)) {}
  Error(MessageId with_id, int with_status, std::string with_text)
      : status(with_status), text(std::move(with_text)), id(with_id) {}

  int status = QTAP_ERR_INVALID;
  std::string text;
  MessageId id;
};

// How the public API tells it: "QT042: load ...".
std::string message_of(const Error& error);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace qtap

#define QTAP_CONCAT_(a, b) a##b
#define QTAP_CONCAT(a, b) QTAP_CONCAT_(a, b)

// QTAP_TRY(auto x, f()): x becomes f's value, or the error is returned from the calling function.
#define QTAP_TRY(decl, expr) QTAP_TRY_(QTAP_CONCAT(qtap_try_, __LINE__), decl, expr)
#define QTAP_TRY_(tmp, decl, expr)                             \
  auto tmp = (expr);                                           \
  if (!tmp.ok()) return ::qtap::Error(std::move(tmp).error()); \
  decl = *std::move(tmp)

// QTAP_CHECK(f()): the error of a Status is returned from the calling function.
#define QTAP_CHECK(expr)                                     \
  do {                                                       \
    if (auto qtap_status_ = (expr); !qtap_status_.ok())      \
      return ::qtap::Error(std::move(qtap_status_).error()); \
  } while (0)
