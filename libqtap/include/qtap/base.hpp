// SPDX-License-Identifier: Apache-2.0
/**
 * @file base.hpp
 * What the C++ layer shares: texts and statuses.
 */
#ifndef QTAP_BASE_HPP
#define QTAP_BASE_HPP

#include <qtap/base.h>

#include <string>
#include <string_view>

namespace qtap {
// The names are versioned: the library's own classes, in libqtap.a, live in qtap as well.
inline namespace v0 {

/** The bytes of a qtap_str; they live as long as the object that they were read from. @since 0.1 */
inline std::string_view view(qtap_str s) {
  return s.data ? std::string_view(s.data, s.len) : std::string_view();
}
/** The other way round. @since 0.1 */
inline qtap_str str(std::string_view s) {
  return {s.data(), s.size()};
}

/** What a call came to: enum qtap_status and, after a failure or a warning, one line of text.
 * @since 0.1 */
struct [[nodiscard]] Status {
  int code = QTAP_OK;
  std::string message;

  bool ok() const { return code >= 0; }
  explicit operator bool() const { return ok(); }
  const char* name() const { return qtap_status_name(code); }
};

}  // namespace v0
}  // namespace qtap

#endif  // QTAP_BASE_HPP
