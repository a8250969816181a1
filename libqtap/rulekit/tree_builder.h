// SPDX-License-Identifier: Apache-2.0
// A tree while it grows: ids of nodes, lists of children, a slot for each field, the values of
// arrays that are constant.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rulekit/tree.h"

namespace qtap::rulekit {

class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const Library* library);

  const Tree& tree() const { return *tree_; }
  const Node& node(NodeId id) const { return tree_->nodes[id]; }

  NodeId add(const Node& node);
  // A chain of one part is that part.
  NodeId add_chain(NodeKind kind, const std::vector<NodeId>& parts);
  NodeId add_field(const Token& token);
  NodeId add_array(const Token& first, const std::vector<NodeId>& elements);
  NodeId add_call(const Token& name, Call call, const std::vector<NodeId>& arguments);
  // Literals must not move: this one is decoded where it is, and then gets its node.
  Literal& new_literal() { return tree_->literals.emplace_back(); }
  NodeId add_literal(const Token& token);  // of the literal that new_literal() gave last

  std::unique_ptr<const Tree> finish(NodeId root);

 private:
  NodeId add_list(Node node, const std::vector<NodeId>& children);
  void keep_constant(NodeId array);

  std::unique_ptr<Tree> tree_;
  std::unordered_map<std::string_view, uint32_t> slots_;  // keys borrow from tree_->text
};

}  // namespace qtap::rulekit
