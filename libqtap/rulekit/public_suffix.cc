// SPDX-License-Identifier: Apache-2.0
#include "rulekit/public_suffix.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <libpsl.h>
#include <qtap/base.h>

namespace qtap::rulekit {

namespace {

// Never freed: rules may be evaluated while the process ends.
const psl_ctx_t* list() {
  static const psl_ctx_t* const found = psl_latest(nullptr);
  return found;
}

}  // namespace

Status load_public_suffixes() {
  if (list() != nullptr) return {};
  return Error{QTAP_ERR_UNSUPPORTED,
               "libpsl has no public suffix list, neither its own nor a file; install the package "
               "publicsuffix"};
}

std::string_view registrable_domain(std::string_view domain) {
  std::array<char, kMaxDomain + 1> text{};  // libpsl wants it terminated
  if (domain.size() > kMaxDomain) return {};
  std::copy(domain.begin(), domain.end(), text.begin());
  const char* found = psl_registrable_domain(list(), text.data());
  if (found == nullptr) return {};
  return domain.substr(domain.size() - std::strlen(found));
}

}  // namespace qtap::rulekit
