// SPDX-License-Identifier: Apache-2.0
// In place of public_suffix.cc where libpsl was not there to build with.
#include <qtap/base.h>

#include "rulekit/public_suffix.h"

namespace qtap::rulekit {

Status load_public_suffixes() {
  return Error{QTAP_ERR_UNSUPPORTED,
               "this build of libqtap has no public suffix list; build it with libpsl "
               "(libpsl-dev)"};
}

std::string_view registrable_domain(std::string_view) {
  return {};
}

}  // namespace qtap::rulekit
