// SPDX-License-Identifier: Apache-2.0
// Texts that were worked out from an immutable object (a joined header field) and are lent out as
// long as the object lives. Any thread may ask; the same name gives the same text. A copy of the
// object starts with an empty pool.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace qtap {

class TextPool {
 public:
  TextPool() = default;
  TextPool(const TextPool&) noexcept {}
  TextPool& operator=(const TextPool&) noexcept { return *this; }
  ~TextPool();

  const std::string* find(std::string_view name) const;
  const std::string& add(std::string_view name, std::string text) const;

 private:
  struct Node {
    std::string name;
    std::string text;
    const Node* next;
  };
  // Nodes are only ever added. Two threads that add one name at once leave two nodes: harmless.
  mutable std::atomic<const Node*> head_{nullptr};
};

}  // namespace qtap
