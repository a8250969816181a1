// SPDX-License-Identifier: Apache-2.0
// Text that leaves no copy behind: what held it is overwritten before it is given back.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace qtap::s3 {

// Overwrites `size` bytes, whatever the optimiser thinks of that.
void cleanse(void* bytes, size_t size);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  ~Secret() { cleanse(bytes_.data(), bytes_.size()); }

  // Nothing else takes it out: there is no way to print one by mistake.
  std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::vector<char> bytes_;  // a short std::string would be moved by copying
};

// Equal, in a time that depends on the lengths only.
bool same(const Secret& a, const Secret& b);

}  // namespace qtap::s3
