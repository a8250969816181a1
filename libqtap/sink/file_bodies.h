// SPDX-License-Identifier: Apache-2.0
// In: bodies in transfer. Out: a file each, <dir>/<transaction id>.request or .response, mode 0600.
// While the body is in transfer its name ends in ".part"; a body that is not complete ends in
// ".truncated", and what is missing of it is a hole. A ".part" that stays was never ended. Holds
// one descriptor, whatever the number of bodies.
#pragma once

#include <string>

#include "base/fd.h"
#include "sink/sink.h"

namespace qtap::sink {

class FileBodies {
 public:
  explicit FileBodies(std::string dir) : dir_(std::move(dir)) {}

  Status put(const BodyPart& part);

 private:
  Status open(const std::string& path, bool is_new);
  Status write(const BodyPart& part, const std::string& path);
  Status finish(const BodyPart& part, const std::string& path);

  std::string dir_;
  std::string open_path_;  // whose descriptor it is; "" = of none
  UniqueFd fd_;
};

}  // namespace qtap::sink
