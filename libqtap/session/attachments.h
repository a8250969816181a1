// SPDX-License-Identifier: Apache-2.0
// What a source is attached to and what it could not attach, as last told: libraries are found
// while a capture runs, too. Used on the thread that polls.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "source/source.h"

namespace qtap::session {

class Attachments {
 public:
  struct News {
    std::vector<std::string> attached;
    std::vector<std::string> warnings;
  };

  // What came since the last call; cheap when nothing did.
  News update(const source::Source& source);
  // All that is attached, in the order of the source.
  const std::vector<std::string>& attached() const { return attached_; }

 private:
  std::optional<size_t> known_;  // Source::attach_lines() of the last look
  std::vector<std::string> attached_;
  std::vector<std::string> warnings_;
};

}  // namespace qtap::session
