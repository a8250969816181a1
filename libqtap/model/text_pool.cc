// SPDX-License-Identifier: Apache-2.0
#include "model/text_pool.h"

#include <utility>

namespace qtap {

TextPool::~TextPool() {
  const Node* node = head_.load(std::memory_order_acquire);
  while (node) delete std::exchange(node, node->next);
}

const std::string* TextPool::find(std::string_view name) const {
  for (const Node* node = head_.load(std::memory_order_acquire); node; node = node->next) {
    if (node->name == name) return &node->text;
  }
  return nullptr;
}

const std::string& TextPool::add(std::string_view name, std::string text) const {
  auto* node = new Node{std::string(name), std::move(text), head_.load(std::memory_order_relaxed)};
  while (!head_.compare_exchange_weak(node->next, node, std::memory_order_release,
                                      std::memory_order_relaxed)) {
  }
  return node->text;
}

}  // namespace qtap
