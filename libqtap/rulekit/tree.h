// SPDX-License-Identifier: Apache-2.0
// The immutable syntax tree of one rule: nodes in one vector, children by index.
//
// A chain `a and b and c` is one node with three children: it means the same as the left-leaning
// tree of the language definition, and a text of 64 KiB cannot make it deep.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rulekit/literal.h"
#include "rulekit/membership.h"
#include "rulekit/token.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

class Library;

using NodeId = uint32_t;

enum class NodeKind : uint8_t {
  kAnd,      // children
  kOr,       // children
  kNot,      // left
  kCompare,  // left op right
  kMatch,    // left, right (a regex literal)
  kIn,       // left, right (an array or a field)
  kField,    // index: fields
  kLiteral,  // index: literals
  kArray,    // children
  kCall,     // index: calls; children are the arguments
};

enum class Op : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe, kContains };

struct Node {
  NodeKind kind = NodeKind::kLiteral;
  Op op = Op::kEq;
  uint32_t offset = 0;  // of its first token in the rule text
  NodeId left = 0;
  NodeId right = 0;
  uint32_t index = 0;
  uint32_t first_child = 0;  // in Tree::child_ids
  uint32_t child_count = 0;
};

enum class CalleeKind : uint8_t { kUnknown, kBuiltin, kFunction, kMacro };

struct Call {
  std::string name;
  CalleeKind kind = CalleeKind::kUnknown;
  size_t index = 0;  // among the built-in functions, or in the library
};

// A field of the rule; FieldNames numbers those of a rule and its macros together.
struct FieldName {
  std::string name;
};

// An array of literals only, so that evaluation need not build it.
struct ConstantArray {
  std::vector<Value> items;
  Value value;  // the array itself, borrows the items
  std::unique_ptr<const Membership> members;
};

struct Tree {
  std::string text;
  NodeId root = 0;
  std::vector<Node> nodes;
  std::vector<NodeId> child_ids;
  std::vector<FieldName> fields;  // each name once
  std::vector<Call> calls;
  std::deque<Literal> literals;  // a deque: values borrow from their literal, which must not move
  std::deque<ConstantArray> constant_arrays;  // a deque: programs point at them
  std::vector<int32_t> constant_of;           // per node: index in constant_arrays, or -1
  const Library* library = nullptr;           // borrowed; macros and host functions

  std::span<const NodeId> children(const Node& node) const {
    return std::span(child_ids).subspan(node.first_child, node.child_count);
  }
};

struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
};

// So much does a UTF-8 sequence of `len` bytes count in a column: its bytes. One that is invalid
// (0) counts three, the length of the U+FFFD it is shown as.
uint32_t columns_of_sequence(size_t len);

// From a place in a text to the one behind `passed`, which begins there. Both are between
// characters.
void advance(std::string_view passed, Position* position);

// Line and column (1-based) of a byte of the text.
Position position_of(std::string_view text, size_t offset);

}  // namespace qtap::rulekit
