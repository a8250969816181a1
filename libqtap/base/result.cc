// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

namespace qtap {

std::string message_of(const Error& error) {
  std::string message = error.id.text();
  if (!message.empty()) message += ": ";
  return message + error.text;
}

}  // namespace qtap
