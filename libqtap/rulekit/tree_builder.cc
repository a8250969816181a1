// SPDX-License-Identifier: Apache-2.0
#include "rulekit/tree_builder.h"

#include <utility>

namespace qtap::rulekit {
namespace {

uint32_t offset_of(const Token& token) {
  return static_cast<uint32_t>(token.offset);
}

}  // namespace

TreeBuilder::TreeBuilder(std::string_view text, const Library* library)
    : tree_(std::make_unique<Tree>()) {
  tree_->text = text;
  tree_->library = library;
}

NodeId TreeBuilder::add(const Node& node) {
  tree_->nodes.push_back(node);
  return static_cast<NodeId>(tree_->nodes.size() - 1);
}

NodeId TreeBuilder::add_list(Node node, const std::vector<NodeId>& children) {
  node.first_child = static_cast<uint32_t>(tree_->child_ids.size());
  node.child_count = static_cast<uint32_t>(children.size());
  tree_->child_ids.insert(tree_->child_ids.end(), children.begin(), children.end());
  return add(node);
}

NodeId TreeBuilder::add_chain(NodeKind kind, const std::vector<NodeId>& parts) {
  if (parts.size() == 1) return parts[0];
  return add_list({.kind = kind, .offset = node(parts[0]).offset}, parts);
}

NodeId TreeBuilder::add_field(const Token& token) {
  const auto [slot, is_new] =
      slots_.try_emplace(token.text, static_cast<uint32_t>(tree_->fields.size()));
  if (is_new) tree_->fields.push_back({std::string(token.text)});
  return add({.kind = NodeKind::kField, .offset = offset_of(token), .index = slot->second});
}

NodeId TreeBuilder::add_array(const Token& first, const std::vector<NodeId>& elements) {
  const NodeId array = add_list({.kind = NodeKind::kArray, .offset = offset_of(first)}, elements);
  keep_constant(array);
  return array;
}

NodeId TreeBuilder::add_call(const Token& name, Call call, const std::vector<NodeId>& arguments) {
  tree_->calls.push_back(std::move(call));
  return add_list({.kind = NodeKind::kCall,
                   .offset = offset_of(name),
                   .index = static_cast<uint32_t>(tree_->calls.size() - 1)},
                  arguments);
}

NodeId TreeBuilder::add_literal(const Token& token) {
  return add({.kind = NodeKind::kLiteral,
              .offset = offset_of(token),
              .index = static_cast<uint32_t>(tree_->literals.size() - 1)});
}

void TreeBuilder::keep_constant(NodeId array) {
  std::vector<Value> values;
  for (const NodeId element : tree_->children(node(array))) {
    if (node(element).kind != NodeKind::kLiteral) return;
    values.push_back(tree_->literals[node(element).index].value);
  }
  tree_->constant_of.resize(tree_->nodes.size(), -1);
  tree_->constant_of[array] = static_cast<int32_t>(tree_->constant_arrays.size());
  ConstantArray& kept = tree_->constant_arrays.emplace_back();
  kept.items = std::move(values);
  kept.value = Value::list(Type::kArray, kept.items);
  kept.members = membership_of(kept.items);
}

std::unique_ptr<const Tree> TreeBuilder::finish(NodeId root) {
  tree_->root = root;
  tree_->constant_of.resize(tree_->nodes.size(), -1);
  return std::move(tree_);
}

}  // namespace qtap::rulekit
