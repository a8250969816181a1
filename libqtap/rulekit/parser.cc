// SPDX-License-Identifier: Apache-2.0
#include "rulekit/parser.h"

#include <algorithm>
#include <unordered_map>

#include <qtap/base.h>

#include "rulekit/chars.h"
#include "rulekit/complaint.h"
#include "rulekit/lexer.h"
#include "rulekit/library.h"
#include "rulekit/limits.h"
#include "rulekit/render.h"

namespace qtap::rulekit {

namespace {

bool is_inequality(TokenKind kind) {
  return kind >= TokenKind::kLt && kind <= TokenKind::kGe;
}
bool is_name(TokenKind kind) {
  return kind == TokenKind::kFunction || kind == TokenKind::kField;
}
bool is_literal(TokenKind kind) {
  return kind >= TokenKind::kInt && kind <= TokenKind::kRegex;
}

Op op_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kNe:
      return Op::kNe;
    case TokenKind::kLt:
      return Op::kLt;
    case TokenKind::kLe:
      return Op::kLe;
    case TokenKind::kGt:
      return Op::kGt;
    case TokenKind::kGe:
      return Op::kGe;
    case TokenKind::kContains:
      return Op::kContains;
    default:
      return Op::kEq;
  }
}

// Recursive descent, one function per line of the grammar. Each returns false after the first
// error, which is then in error_.
//
//   conjunction := disjunction (AND disjunction)*        OR binds tighter than AND (S1)
//   disjunction := negation (OR negation)*
//   negation    := NOT negation | "(" conjunction ")" | predicate
//   predicate   := operand [[NOT] operator operand]
class Parser {
 public:
  Parser(std::string_view text, const CompileOptions& options)
      : options_(options), tree_(std::make_unique<Tree>()) {
    tree_->text = text.substr(0, kMaxRuleText + 1);  // the byte too many is what parse_all() sees
    tree_->library = options.library;
  }

  ParseResult run() {
    ParseResult result;
    if (parse_all()) {
      warn_about_precedence();
      std::stable_sort(warnings_.begin(), warnings_.end(), [](const Warning& a, const Warning& b) {
        return a.line != b.line ? a.line < b.line : a.column < b.column;
      });
      result.tree = std::move(tree_);
      result.warnings = std::move(warnings_);
    } else {
      result.error = std::move(error_);
    }
    return result;
  }

 private:
  bool parse_all() {
    if (tree_->text.size() > kMaxRuleText) {
      const Token whole{TokenKind::kError, kMaxRuleText, {}};
      return fail(whole, QTAP_ERR_LIMIT,
                  "rule is longer than " + std::to_string(kMaxRuleText) + " bytes");
    }
    lexer_ = Lexer(tree_->text);
    token_ = lexer_.next();
    if (token_.kind == TokenKind::kEnd) return fail(token_, QTAP_ERR_INVALID, "the rule is empty");
    if (!parse_conjunction(&tree_->root)) return false;
    if (token_.kind != TokenKind::kEnd) return unexpected("\"and\" or \"or\"");
    tree_->constant_of.resize(tree_->nodes.size(), -1);
    return true;
  }

  bool parse_conjunction(NodeId* ret) {
    std::vector<NodeId> parts(1);
    size_t mixed_at = kNowhere;
    size_t or_at = kNowhere;
    if (!parse_disjunction(&parts[0], &or_at)) return false;
    mixed_at = or_at;
    while (token_.kind == TokenKind::kAnd) {
      advance();
      if (!parse_disjunction(&parts.emplace_back(), &or_at)) return false;
      mixed_at = std::min(mixed_at, or_at);
    }
    if (parts.size() > 1) precedence_at_ = std::min(precedence_at_, mixed_at);
    *ret = chain(NodeKind::kAnd, parts);
    return true;
  }

  // `or_at` is where the first OR of an unparenthesised chain stands, kNowhere when there is none.
  bool parse_disjunction(NodeId* ret, size_t* or_at) {
    std::vector<NodeId> parts(1);
    *or_at = kNowhere;
    if (!parse_negation(&parts[0])) return false;
    while (token_.kind == TokenKind::kOr) {
      *or_at = std::min(*or_at, token_.offset);
      advance();
      if (!parse_negation(&parts.emplace_back())) return false;
    }
    *ret = chain(NodeKind::kOr, parts);
    return true;
  }

  bool parse_negation(NodeId* ret) {
    const Token first = token_;
    if (first.kind != TokenKind::kNot && first.kind != TokenKind::kLeftParen) {
      return parse_predicate(ret);
    }
    if (!enter()) return false;
    advance();
    if (first.kind == TokenKind::kNot) {
      Node node{.kind = NodeKind::kNot, .offset = offset_of(first)};
      if (!parse_negation(&node.left)) return false;
      *ret = add(node);
    } else {
      if (!parse_conjunction(ret)) return false;
      if (token_.kind != TokenKind::kRightParen) return unexpected("\"and\", \"or\" or \")\"");
      advance();
    }
    --nesting_;
    return true;
  }

  bool parse_predicate(NodeId* ret) {
    const Token first = token_;
    NodeId left = 0;
    if (!parse_operand("a condition", &left)) return false;
    bool negated = false;
    if (token_.kind == TokenKind::kNot) {  // `not in`, `not contains`, `not matches` (S15)
      Lexer ahead = lexer_;
      const TokenKind kind = ahead.next().kind;
      negated =
          kind == TokenKind::kIn || kind == TokenKind::kContains || kind == TokenKind::kMatches;
      if (!negated) return unexpected("an operator, \"and\" or \"or\"");
      advance();
    }
    const Token op = token_;
    Node node{.op = op_of(op.kind), .offset = offset_of(first), .left = left};
    if (op.kind == TokenKind::kIn) {
      if (!parse_set(&node)) return false;
    } else if (op.kind == TokenKind::kMatches) {
      node.kind = NodeKind::kMatch;
      advance();
      if (token_.kind != TokenKind::kRegex) return unexpected("a regex like /text/");
      if (!parse_literal(&node.right)) return false;
    } else if (is_inequality(op.kind)) {
      if (!parse_inequality(&node)) return false;
    } else if (op.kind == TokenKind::kEq || op.kind == TokenKind::kNe ||
               op.kind == TokenKind::kContains) {
      node.kind = NodeKind::kCompare;
      advance();
      if (!parse_operand("a value", &node.right)) return false;
    } else {
      bare_operand_end_ = token_.offset;
      *ret = left;
      return true;
    }
    *ret = add(node);
    if (negated) *ret = add({.kind = NodeKind::kNot, .offset = node.offset, .left = *ret});
    return true;
  }

  bool parse_set(Node* node) {
    advance();
    if (token_.kind == TokenKind::kCidr) {  // x in 10.0.0.0/8 is x == 10.0.0.0/8
      node->kind = NodeKind::kCompare;
      return parse_literal(&node->right);
    }
    node->kind = NodeKind::kIn;
    if (token_.kind == TokenKind::kLeftBracket) return parse_array(&node->right);
    if (is_name(token_.kind)) return parse_field(&node->right);  // S13
    return unexpected("a list like [1, 2], a network like 10.0.0.0/8 or a field");
  }

  bool parse_inequality(Node* node) {
    const std::string op = "\"" + std::string(token_.text) + "\"";
    if (!is_number_or_field(node->left)) {
      return fail(token_, QTAP_ERR_INVALID,
                  op + " compares numbers and fields only, not what is on its left");
    }
    node->kind = NodeKind::kCompare;
    advance();
    if (token_.kind == TokenKind::kInt || token_.kind == TokenKind::kFloat) {
      return parse_literal(&node->right);
    }
    if (is_name(token_.kind)) return parse_field(&node->right);
    return unexpected("a number or a field");
  }

  bool is_number_or_field(NodeId id) const {
    const Node& node = tree_->nodes[id];
    if (node.kind == NodeKind::kField) return true;
    return node.kind == NodeKind::kLiteral && tree_->literals[node.index].value.is_number();
  }

  bool parse_operand(const char* wanted, NodeId* ret) {
    if (token_.kind == TokenKind::kLeftBracket) return parse_array(ret);
    if (is_literal(token_.kind)) return parse_literal(ret);
    if (token_.kind == TokenKind::kField) return parse_field(ret);
    if (token_.kind != TokenKind::kFunction) return unexpected(wanted);
    const Token name = token_;
    advance();
    if (token_.kind == TokenKind::kLeftParen) return parse_call(name, ret);
    *ret = add_field(name);
    return true;
  }

  bool parse_field(NodeId* ret) {
    *ret = add_field(token_);
    advance();
    return true;
  }

  bool parse_literal(NodeId* ret) {
    Literal& literal = tree_->literals.emplace_back();
    if (const Status status = decode_literal(token_, &literal); !status.ok()) {
      return fail(token_, status.error().status, status.error().text);
    }
    if (literal.pattern && !count_regex(*literal.pattern)) return false;
    if (token_.kind == TokenKind::kHex && token_.text.size() == 2 && starts_name(token_.text[0])) {
      warn(token_.offset, "\"" + literal.raw + "\" is a hex literal, not a field");
    }
    *ret = add({.kind = NodeKind::kLiteral,
                .offset = offset_of(token_),
                .index = static_cast<uint32_t>(tree_->literals.size() - 1)});
    advance();
    return true;
  }

  bool count_regex(const Pattern& pattern) {
    ++regex_count_;
    regex_bytes_ += pattern.program_bytes();
    if (regex_count_ <= kMaxRuleRegexes && regex_bytes_ <= kMaxRuleRegexProgram) return true;
    return fail(token_, QTAP_ERR_LIMIT, "the regexes of this rule are too many or too large");
  }

  // "[" value ("," value)* "]": at least one element, no nesting, no calls.
  bool parse_array(NodeId* ret) {
    const Token first = token_;
    std::vector<NodeId> elements;
    do {
      advance();
      NodeId& element = elements.emplace_back();
      if (is_literal(token_.kind)) {
        if (!parse_literal(&element)) return false;
      } else if (is_name(token_.kind)) {
        parse_field(&element);
      } else {
        return unexpected("a value");
      }
    } while (token_.kind == TokenKind::kComma);
    if (token_.kind != TokenKind::kRightBracket) return unexpected("\",\" or \"]\"");
    advance();
    *ret = add_list({.kind = NodeKind::kArray, .offset = offset_of(first)}, elements);
    keep_constant(*ret);
    return true;
  }

  void keep_constant(NodeId array) {
    std::vector<Value> values;
    for (NodeId element : tree_->children(tree_->nodes[array])) {
      const Node& node = tree_->nodes[element];
      if (node.kind != NodeKind::kLiteral) return;
      values.push_back(tree_->literals[node.index].value);
    }
    tree_->constant_of.resize(tree_->nodes.size(), -1);
    tree_->constant_of[array] = static_cast<int32_t>(tree_->constant_arrays.size());
    tree_->constant_arrays.push_back(std::move(values));
  }

  bool parse_call(const Token& name, NodeId* ret) {
    if (!enter()) return false;
    std::vector<NodeId> args;
    advance();
    bool more = token_.kind != TokenKind::kRightParen;
    if (token_.kind == TokenKind::kComma) advance();  // f(,a) is f(a): S12
    while (more) {
      if (!parse_operand("an argument", &args.emplace_back())) return false;
      more = token_.kind == TokenKind::kComma;
      if (more) advance();
    }
    if (token_.kind != TokenKind::kRightParen) return unexpected("\",\" or \")\"");
    Call call = resolve(name.text);
    if (!check_call(name, call, args.size())) return false;
    advance();
    --nesting_;
    tree_->calls.push_back(std::move(call));
    *ret = add_list({.kind = NodeKind::kCall,
                     .offset = offset_of(name),
                     .index = static_cast<uint32_t>(tree_->calls.size() - 1)},
                    args);
    return true;
  }

  Call resolve(std::string_view name) const {
    const Library* library = options_.library;
    Call call{.name = std::string(name)};
    if (const Builtin* builtin = find_builtin(name)) {
      call.kind = CalleeKind::kBuiltin;
      call.index = static_cast<size_t>(builtin - builtins().data());
    } else if (library != nullptr && library->find_function(name)) {
      call.kind = CalleeKind::kFunction;
      call.index = *library->find_function(name);
    } else if (library != nullptr && library->find_macro(name)) {
      call.kind = CalleeKind::kMacro;
      call.index = *library->find_macro(name);
    }
    return call;
  }

  // token_ is the ")": the error spans the whole call.
  bool check_call(const Token& name, const Call& call, size_t count) {
    const std::string quoted = "function \"" + call.name + "\"";
    const Token whole{name.kind, name.offset,
                      std::string_view(tree_->text)
                          .substr(name.offset, token_.offset + token_.text.size() - name.offset)};
    size_t wanted = 0;
    if (call.kind == CalleeKind::kBuiltin) {
      const Builtin& builtin = builtins()[call.index];
      if (builtin.body == nullptr) {
        return fail(whole, QTAP_ERR_UNSUPPORTED, quoted + " is not supported in this version");
      }
      wanted = builtin.parameter_count;
    } else if (options_.calls == CallCheck::kAtEvaluation) {
      return true;
    } else if (call.kind == CalleeKind::kUnknown) {
      return fail(whole, QTAP_ERR_INVALID, "unknown " + quoted);
    } else if (call.kind == CalleeKind::kFunction) {
      wanted = options_.library->function(call.index).parameters.size();
    }
    if (count == wanted) return true;
    return fail(whole, QTAP_ERR_INVALID,
                (call.kind == CalleeKind::kMacro ? "macro \"" + call.name + "\"" : quoted) +
                    " takes " + std::to_string(wanted) +
                    (wanted == 1 ? " argument" : " arguments") + ", not " + std::to_string(count));
  }

  // ---- building the tree

  uint32_t offset_of(const Token& token) const { return static_cast<uint32_t>(token.offset); }

  NodeId add(const Node& node) {
    tree_->nodes.push_back(node);
    return static_cast<NodeId>(tree_->nodes.size() - 1);
  }

  NodeId add_list(Node node, const std::vector<NodeId>& children) {
    node.first_child = static_cast<uint32_t>(tree_->child_ids.size());
    node.child_count = static_cast<uint32_t>(children.size());
    tree_->child_ids.insert(tree_->child_ids.end(), children.begin(), children.end());
    return add(node);
  }

  NodeId chain(NodeKind kind, const std::vector<NodeId>& parts) {
    if (parts.size() == 1) return parts[0];
    return add_list({.kind = kind, .offset = tree_->nodes[parts[0]].offset}, parts);
  }

  NodeId add_field(const Token& token) {
    const auto [slot, is_new] =
        slots_.try_emplace(token.text, static_cast<uint32_t>(tree_->fields.size()));
    if (is_new) tree_->fields.push_back({std::string(token.text)});
    return add({.kind = NodeKind::kField, .offset = offset_of(token), .index = slot->second});
  }

  // ---- tokens, errors, warnings

  void advance() {
    previous_ = token_;
    token_ = lexer_.next();
  }

  bool enter() {
    if (++nesting_ <= kMaxNesting) return true;
    return fail(token_, QTAP_ERR_LIMIT,
                "nested more than " + std::to_string(kMaxNesting) + " levels deep");
  }

  bool unexpected(std::string_view wanted) {
    std::string all(wanted);
    if (token_.offset == bare_operand_end_) all.insert(0, "an operator, ");
    return fail(token_, QTAP_ERR_INVALID, complain(tree_->text, all, previous_, token_));
  }

  bool fail(const Token& at, int status, const std::string& what) {
    const Position position = position_of(tree_->text, at.offset);
    error_.status = status;
    error_.line = position.line;
    error_.column = position.column;
    error_.offset = at.offset;
    error_.end_offset = at.offset + (at.kind == TokenKind::kError ? 0 : at.text.size());
    error_.found = at.kind;
    error_.text = with_position(position, what);
    return false;
  }

  void warn(size_t offset, const std::string& what) {
    const Position position = position_of(tree_->text, offset);
    warnings_.push_back({position.line, position.column, with_position(position, what)});
  }

  void warn_about_precedence() {
    if (precedence_at_ == kNowhere) return;
    warn(precedence_at_, "\"or\" binds tighter than \"and\"; understood as: " + render(*tree_));
  }

  static constexpr size_t kNowhere = std::string_view::npos;

  const CompileOptions& options_;
  std::unique_ptr<Tree> tree_;
  std::unordered_map<std::string_view, uint32_t> slots_;  // keys borrow from tree_->text
  Lexer lexer_{{}};
  Token previous_;
  Token token_;
  uint32_t nesting_ = 0;
  size_t regex_count_ = 0;
  size_t regex_bytes_ = 0;
  size_t precedence_at_ = kNowhere;
  size_t bare_operand_end_ = kNowhere;  // offset of the token after an operand that has no operator
  std::vector<Warning> warnings_;
  CompileError error_;
};

}  // namespace

ParseResult parse(std::string_view text, const CompileOptions& options) {
  return Parser(text, options).run();
}

}  // namespace qtap::rulekit
