// SPDX-License-Identifier: Apache-2.0
// In: bodies in transfer. Out: a file each, <dir>/<transaction id>.request or .response, mode 0600.
// While the body is in transfer its name ends in ".part"; a body that is not complete ends in
// ".truncated", and what is missing of it is a hole. A ".part" that stays was never ended. Holds
// one descriptor, whatever the number of bodies. Network disks and quotas tell only on close(2)
// that what was written is not there (close(2), "Dealing with error returns"): such a body is
// refused at its next part and keeps its ".part".
#pragma once

#include <unistd.h>

#include <string>
#include <unordered_map>
#include <utility>

#include "base/fd.h"
#include "sink/sink.h"

namespace qtap::sink {

class FileBodies {
 public:
  // As close(2), which tests replace.
  using CloseFn = int (*)(int fd);

  explicit FileBodies(std::string dir, CloseFn close = ::close)
      : close_(close), dir_(std::move(dir)) {}

  Status put(const BodyPart& part);

 private:
  Status open(const std::string& path, bool is_new);
  Status write(const BodyPart& part, const std::string& path);
  Status finish(const BodyPart& part, const std::string& path);
  Status close_open();

  CloseFn close_;
  std::string dir_;
  std::string open_path_;  // whose descriptor it is; "" = of none
  UniqueFd fd_;
  // path -> errno: closed meanwhile in favour of another body, in vain; until its last part.
  std::unordered_map<std::string, int> failed_;
};

}  // namespace qtap::sink
