// SPDX-License-Identifier: Apache-2.0
// A small file system over a directory, as long as the test needs it. Needs root: else it is not
// there.
#pragma once

#include <sys/mount.h>

#include <string>

namespace qtap::test {

class SmallDisk {
 public:
  SmallDisk(std::string point, const char* options)
      : point_(std::move(point)),
        mounted_(::mount("tmpfs", point_.c_str(), "tmpfs", 0, options) == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(point_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool ok() const { return mounted_; }

 private:
  std::string point_;
  bool mounted_;
};

}  // namespace qtap::test
