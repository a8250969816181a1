// SPDX-License-Identifier: Apache-2.0
#include "rulekit/parser.h"

#include <algorithm>

#include <qtap/base.h>

#include "rulekit/callee.h"
#include "rulekit/chars.h"
#include "rulekit/complaint.h"
#include "rulekit/diagnosis.h"
#include "rulekit/field_check.h"
#include "rulekit/lexer.h"
#include "rulekit/limits.h"
#include "rulekit/render.h"
#include "rulekit/tree_builder.h"

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
// error, which is then in diagnosis_.
//
//   conjunction := disjunction (AND disjunction)*        OR binds tighter than AND (S1)
//   disjunction := negation (OR negation)*
//   negation    := NOT negation | "(" conjunction ")" | predicate
//   predicate   := operand [[NOT] operator operand]
class Parser {
 public:
  Parser(std::string_view text, const CompileOptions& options)
      : options_(options),
        // The byte too many is what parse_all() sees.
        builder_(text.substr(0, kMaxRuleText + 1), options.library),
        diagnosis_(builder_.tree().text) {}

  ParseResult run() {
    ParseResult result;
    NodeId root = 0;
    if (!parse_all(&root)) {
      result.error = diagnosis_.error();
      return result;
    }
    result.tree = builder_.finish(root);
    if (!check_fields(*result.tree, options_, &diagnosis_)) {
      result.error = diagnosis_.error();
      result.tree = nullptr;
      return result;
    }
    if (precedence_at_ != kNowhere) {
      diagnosis_.warn(precedence_at_,
                      "\"or\" binds tighter than \"and\"; understood as: " + render(*result.tree));
    }
    result.warnings = diagnosis_.warnings();
    return result;
  }

 private:
  bool parse_all(NodeId* ret) {
    const std::string& text = builder_.tree().text;
    if (text.size() > kMaxRuleText) {
      const Token whole{TokenKind::kError, kMaxRuleText, {}};
      return fail(whole, QTAP_ERR_LIMIT,
                  "rule is longer than " + std::to_string(kMaxRuleText) + " bytes");
    }
    lexer_ = Lexer(text);
    token_ = lexer_.next();
    if (token_.kind == TokenKind::kEnd) return fail(token_, QTAP_ERR_INVALID, "the rule is empty");
    if (!parse_conjunction(ret)) return false;
    if (token_.kind != TokenKind::kEnd) return unexpected("\"and\" or \"or\"");
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
    *ret = builder_.add_chain(NodeKind::kAnd, parts);
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
    *ret = builder_.add_chain(NodeKind::kOr, parts);
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
      *ret = builder_.add(node);
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
      const TokenKind kind = peek();
      negated =
          kind == TokenKind::kIn || kind == TokenKind::kContains || kind == TokenKind::kMatches;
      if (negated) advance();  // another NOT is an error where a condition cannot stand: below
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
    *ret = builder_.add(node);
    if (negated) *ret = builder_.add({.kind = NodeKind::kNot, .offset = node.offset, .left = *ret});
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
    const bool is_call = token_.kind == TokenKind::kFunction && peek() == TokenKind::kLeftParen;
    if (is_name(token_.kind) && !is_call) return parse_field(&node->right);  // S13
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
    const Node& node = builder_.node(id);
    if (node.kind == NodeKind::kField) return true;
    return node.kind == NodeKind::kLiteral &&
           builder_.tree().literals[node.index].value.is_number();
  }

  bool parse_operand(const char* wanted, NodeId* ret) {
    if (token_.kind == TokenKind::kLeftBracket) return parse_array(ret);
    if (is_literal(token_.kind)) return parse_literal(ret);
    if (token_.kind == TokenKind::kField) return parse_field(ret);
    if (token_.kind != TokenKind::kFunction) return unexpected(wanted);
    const Token name = token_;
    advance();
    if (token_.kind == TokenKind::kLeftParen) return parse_call(name, ret);
    *ret = builder_.add_field(name);
    return true;
  }

  bool parse_field(NodeId* ret) {
    *ret = builder_.add_field(token_);
    advance();
    return true;
  }

  bool parse_literal(NodeId* ret) {
    Literal& literal = builder_.new_literal();
    if (const Status status = decode_literal(token_, &literal); !status.ok()) {
      return fail(token_, status.error().status, status.error().text);
    }
    if (literal.pattern && !count_regex(*literal.pattern)) return false;
    if (token_.kind == TokenKind::kHex && token_.text.size() == 2 && starts_name(token_.text[0])) {
      diagnosis_.warn(token_.offset, "\"" + literal.raw + "\" is a hex literal, not a field");
    }
    *ret = builder_.add_literal(token_);
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
    *ret = builder_.add_array(first, elements);
    return true;
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
    Call call = find_callee(name.text, options_.library);
    if (const Status status = check_call(call, args.size(), options_); !status.ok()) {
      return fail(span_to_here(name), status.error().status, status.error().text);
    }
    advance();
    --nesting_;
    *ret = builder_.add_call(name, std::move(call), args);
    return true;
  }

  // From a token to the one at hand.
  Token span_to_here(const Token& first) const {
    const size_t len = token_.offset + token_.text.size() - first.offset;
    return {first.kind, first.offset,
            std::string_view(builder_.tree().text).substr(first.offset, len)};
  }

  uint32_t offset_of(const Token& token) const { return static_cast<uint32_t>(token.offset); }

  // The kind of the token after the one at hand.
  TokenKind peek() const {
    Lexer ahead = lexer_;
    return ahead.next().kind;
  }

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
    const bool operator_fits = all.find("\"or\"") != std::string::npos;
    return fail(token_, QTAP_ERR_INVALID,
                complain(builder_.tree().text, all, previous_, token_, operator_fits));
  }

  bool fail(const Token& at, int status, std::string_view what) {
    return diagnosis_.fail(at, status, what);
  }

  static constexpr size_t kNowhere = std::string_view::npos;

  const CompileOptions& options_;
  TreeBuilder builder_;
  Diagnosis diagnosis_;
  Lexer lexer_{{}};
  Token previous_;
  Token token_;
  uint32_t nesting_ = 0;
  size_t regex_count_ = 0;
  size_t regex_bytes_ = 0;
  size_t precedence_at_ = kNowhere;
  size_t bare_operand_end_ = kNowhere;  // offset of the token after an operand that has no operator
};

}  // namespace

ParseResult parse(std::string_view text, const CompileOptions& options) {
  return Parser(text, options).run();
}

}  // namespace qtap::rulekit
