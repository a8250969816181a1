// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

struct bpf_link;

namespace qtap::probe {

// Attached programs, detached together.
class Links {
 public:
  Links() = default;
  ~Links() { clear(); }
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  void add(bpf_link* link) { links_.push_back(link); }
  void clear();
  void drop_last();
  size_t size() const { return links_.size(); }

 private:
  std::vector<bpf_link*> links_;
};

}  // namespace qtap::probe
