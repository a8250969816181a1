// SPDX-License-Identifier: Apache-2.0
#include "rulekit/field_check.h"

#include <algorithm>
#include <string>

#include <qtap/base.h>

#include "base/suggest.h"
#include "rulekit/complaint.h"
#include "rulekit/render.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

namespace {

bool is_number(Type type) {
  return type == Type::kInt || type == Type::kUint || type == Type::kFloat32 ||
         type == Type::kDouble;
}

const char* words_for(Type type) {
  switch (type) {
    case Type::kBool:
      return "true or false";
    case Type::kString:
      return "text";
    case Type::kIp:
      return "an address";
    case Type::kCidr:
      return "a network";
    case Type::kMac:
      return "a MAC address";
    case Type::kHex:
    case Type::kBytes:
      return "bytes";
    case Type::kRegex:
      return "a regex";
    case Type::kStringList:
      return "a list of text";
    default:
      return is_number(type) ? "a number" : "a value";
  }
}

// Section 8.1 of the language: has the pair a row in the table? Types that hold anything do.
bool can_compare(Type left, Type right) {
  switch (left) {
    case Type::kBool:
      return right == Type::kBool;
    case Type::kString:
      return right == Type::kString || right == Type::kRegex || right == Type::kIp ||
             right == Type::kHex;  // with a network as text only, which nobody means
    case Type::kIp:
      return right == Type::kIp || right == Type::kCidr;
    case Type::kCidr:
      return right == Type::kIp;
    case Type::kMac:
      return right == Type::kMac || right == Type::kHex || right == Type::kString;
    case Type::kStringList:
      return right == Type::kString || right == Type::kRegex;
    case Type::kHex:
    case Type::kRegex:
    case Type::kBytes:
      return false;
    default:
      return !is_number(left) || is_number(right);
  }
}

class FieldCheck {
 public:
  FieldCheck(const Tree& tree, const CompileOptions& options, Diagnosis* diagnosis)
      : tree_(tree), options_(options), diagnosis_(*diagnosis) {}

  bool run() {
    for (const Node& node : tree_.nodes) {
      if (node.kind == NodeKind::kField && !check_name(node)) return false;
    }
    for (const Node& node : tree_.nodes) check_types(node);
    return true;
  }

 private:
  const KnownField* find(std::string_view name) const {
    const auto matches = [&](const KnownField& field) {
      return field.name.ends_with('.')
                 ? name.starts_with(field.name) && name.size() > field.name.size()
                 : name == field.name;
    };
    const auto it = std::find_if(options_.fields.begin(), options_.fields.end(), matches);
    return it == options_.fields.end() ? nullptr : &*it;
  }

  bool check_name(const Node& node) {
    const std::string& name = tree_.fields[node.index].name;
    if (find(name) != nullptr) return true;
    std::vector<std::string_view> names;
    for (const KnownField& field : options_.fields) {
      if (!field.name.ends_with('.')) names.push_back(field.name);
    }
    const std::string what = "unknown field " + quoted(name) + did_you_mean(name, names);
    if (!options_.unknown_fields_fail) {
      diagnosis_.warn(node.offset, what);
      return true;
    }
    const std::string_view text = std::string_view(tree_.text).substr(node.offset, name.size());
    return diagnosis_.fail({TokenKind::kField, node.offset, text}, QTAP_ERR_INVALID, what);
  }

  // kNull: it may hold anything.
  Type type_of(NodeId id) const {
    const Node& node = tree_.nodes[id];
    if (node.kind == NodeKind::kLiteral) return tree_.literals[node.index].value.type;
    if (node.kind != NodeKind::kField) return Type::kNull;
    const KnownField* field = find(tree_.fields[node.index].name);
    return field == nullptr ? Type::kNull : field->type;
  }

  void check_types(const Node& node) {
    if (node.kind == NodeKind::kCompare) {
      if (fits_operator(node)) check_pair(node, node.left, node.right);
    } else if (node.kind == NodeKind::kMatch) {
      const Type left = type_of(node.left);
      if (left != Type::kNull && left != Type::kString && left != Type::kStringList) {
        never(node, node.left, "\"=~\" looks into text");
      }
    } else if (node.kind == NodeKind::kIn && tree_.nodes[node.right].kind == NodeKind::kArray) {
      // An element stands on the left of each comparison (8.3).
      for (const NodeId element : tree_.children(tree_.nodes[node.right])) {
        check_pair(node, element, node.left);
      }
    }
  }

  bool fits_operator(const Node& node) {
    const Type left = type_of(node.left);
    if (node.op == Op::kContains) {
      if (left != Type::kBool && !is_number(left)) return true;
      return never(node, node.left, "\"contains\" looks into text, lists and networks");
    }
    if (node.op == Op::kEq || node.op == Op::kNe) return true;
    for (const NodeId side : {node.left, node.right}) {
      const Type type = type_of(side);
      if (type == Type::kNull || is_number(type)) continue;
      return never(node, side, "\"" + std::string(op_text(node.op)) + "\" compares numbers");
    }
    return true;
  }

  void check_pair(const Node& node, NodeId left, NodeId right) {
    const Type left_type = type_of(left);
    const Type right_type = type_of(right);
    if (left_type == Type::kNull || right_type == Type::kNull) return;
    if (can_compare(left_type, right_type)) return;
    never(node, left, shown(right) + " is " + words_for(right_type));
  }

  // Always false, so that a check that fails can return it.
  bool never(const Node& node, NodeId side, const std::string& why) {
    diagnosis_.warn(node.offset,
                    "never true: " + shown(side) + " is " + words_for(type_of(side)) + ", " + why);
    return false;
  }

  std::string shown(NodeId id) const {
    const Node& node = tree_.nodes[id];
    return quoted(node.kind == NodeKind::kField ? tree_.fields[node.index].name
                                                : tree_.literals[node.index].raw);
  }

  const Tree& tree_;
  const CompileOptions& options_;
  Diagnosis& diagnosis_;
};

}  // namespace

bool check_fields(const Tree& tree, const CompileOptions& options, Diagnosis* diagnosis) {
  return options.fields.empty() || FieldCheck(tree, options, diagnosis).run();
}

}  // namespace qtap::rulekit
