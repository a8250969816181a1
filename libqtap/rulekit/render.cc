// SPDX-License-Identifier: Apache-2.0
#include "rulekit/render.h"

#include <vector>

namespace qtap::rulekit {

namespace {

class Renderer {
 public:
  Renderer(const Tree& tree, NotEqual not_equal) : tree_(tree), not_equal_(not_equal) {}

  std::string take() { return std::move(out_); }

  enum class Parens { kKeep, kDrop };

  void node(NodeId id, Parens parens) {
    const Node& node = tree_.nodes[id];
    switch (node.kind) {
      case NodeKind::kAnd:
        chain(node, " and ", parens);
        return;
      case NodeKind::kOr:
        chain(node, " or ", parens);
        return;
      case NodeKind::kNot:
        negation(node);
        return;
      case NodeKind::kCompare:
      case NodeKind::kMatch:
      case NodeKind::kIn:
        predicate(node, "");
        return;
      case NodeKind::kField:
        out_ += tree_.fields[node.index].name;
        return;
      case NodeKind::kLiteral:
        out_ += tree_.literals[node.index].raw;
        return;
      case NodeKind::kArray:
        out_ += '[';
        list(node);
        out_ += ']';
        return;
      case NodeKind::kCall:
        out_ += tree_.calls[node.index].name;
        out_ += '(';
        list(node);
        out_ += ')';
        return;
    }
  }

 private:
  // a and b and c is ((a and b) and c), as the language definition has the tree.
  void chain(const Node& node, const char* word, Parens parens) {
    const auto children = tree_.children(node);
    out_.append(children.size() - (parens == Parens::kKeep ? 1 : 2), '(');
    for (size_t at = 0; at < children.size(); ++at) {
      if (at > 0) out_ += word;
      this->node(children[at], Parens::kKeep);
      if (at > 0 && (parens == Parens::kKeep || at + 1 < children.size())) out_ += ')';
    }
  }

  void negation(const Node& node) {
    const Node& inner = tree_.nodes[node.left];
    const bool infix = (inner.kind == NodeKind::kCompare && inner.op == Op::kContains) ||
                       inner.kind == NodeKind::kMatch || inner.kind == NodeKind::kIn;
    if (infix) {
      predicate(inner, "not ");
    } else if (inner.kind == NodeKind::kCompare && inner.op == Op::kEq &&
               not_equal_ == NotEqual::kShort) {
      Node opposite = inner;
      opposite.op = Op::kNe;
      predicate(opposite, "");
    } else if (inner.kind == NodeKind::kField) {
      out_ += '!';
      this->node(node.left, Parens::kKeep);
    } else {
      out_ += "not (";
      this->node(node.left, Parens::kKeep);
      out_ += ')';
    }
  }

  void predicate(const Node& node, const char* negation) {
    this->node(node.left, Parens::kKeep);
    out_ += ' ';
    out_ += negation;
    if (node.kind == NodeKind::kCompare) out_ += op_text(node.op);
    if (node.kind == NodeKind::kMatch) out_ += "=~";
    if (node.kind == NodeKind::kIn) out_ += "in";
    out_ += ' ';
    this->node(node.right, Parens::kKeep);
  }

  void list(const Node& node) {
    const char* separator = "";
    for (NodeId child : tree_.children(node)) {
      out_ += separator;
      this->node(child, Parens::kKeep);
      separator = ", ";
    }
  }

  const Tree& tree_;
  const NotEqual not_equal_;
  std::string out_;
};

}  // namespace

const char* op_text(Op op) {
  switch (op) {
    case Op::kEq:
      return "==";
    case Op::kNe:
      return "!=";
    case Op::kLt:
      return "<";
    case Op::kLe:
      return "<=";
    case Op::kGt:
      return ">";
    case Op::kGe:
      return ">=";
    case Op::kContains:
      return "contains";
  }
  return "?";
}

std::string render(const Tree& tree, NotEqual not_equal) {
  Renderer renderer(tree, not_equal);
  renderer.node(tree.root, Renderer::Parens::kDrop);
  return renderer.take();
}

namespace {

// A chain of n leans to the left n deep, so the way down it is a loop: text of 64 KiB cannot make
// the recursion (of right sides, as deep as the rule nests) deep.
void append(const Residue& residue, uint32_t at, bool outermost, NotEqual not_equal,
            std::string* out) {
  std::vector<uint32_t> joints;
  while (residue.parts[at].tree == nullptr) {
    joints.push_back(at);
    at = residue.parts[at].left;
  }
  const size_t parens = joints.empty() ? 0 : joints.size() - (outermost ? 1 : 0);
  out->append(parens, '(');
  Renderer renderer(*residue.parts[at].tree, not_equal);
  renderer.node(residue.parts[at].left,
                outermost && joints.empty() ? Renderer::Parens::kDrop : Renderer::Parens::kKeep);
  *out += renderer.take();
  for (size_t left = joints.size(); left-- > 0;) {
    const Residue::Part& joint = residue.parts[joints[left]];
    *out += joint.is_or ? " or " : " and ";
    append(residue, joint.right, false, not_equal, out);
    if (left > 0 || !outermost) *out += ')';
  }
}

}  // namespace

std::string render(const Residue& residue, NotEqual not_equal) {
  std::string out;
  if (!residue.parts.empty()) append(residue, residue.root, true, not_equal, &out);
  return out;
}

}  // namespace qtap::rulekit
