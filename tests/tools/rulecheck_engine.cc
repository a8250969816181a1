// SPDX-License-Identifier: Apache-2.0
// Answers for tests/tools/rulecheck. Lines in, every text in hex: "macro NAME TEXT", "function NAME
// IMPLEMENTATION PARAMETER..", "rule TEXT", "eval VALUE" (a map), "tokens TEXT", "done". Values are
// words of a letter, the type's number there, ":" and text; lists and maps are followed by their
// items. Out: one line per answer, then "done".
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "../support/hex.h"
#include "rulekit/address.h"
#include "rulekit/lexer.h"
#include "rulekit/library.h"
#include "rulekit/literal.h"
#include "rulekit/render.h"
#include "rulekit/rule.h"
#include "rulekit/text.h"
#include "rulekit/tree.h"

namespace {

using namespace qtap::rulekit;
using qtap::test::from_hex;
using qtap::test::to_hex;

// Owns what the values of one question borrow.
struct Store {
  std::deque<std::string> texts;
  std::deque<std::vector<Value>> lists;
  std::deque<std::vector<MapEntry>> maps;
  std::deque<HexText> hexes;
  std::vector<std::unique_ptr<const Pattern>> patterns;
};

std::string hex_bytes(const std::string& raw) {
  std::string digits;
  for (const char c : raw) {
    if (c != ':') digits += c;
  }
  return from_hex(digits);
}

// The number of the type is kept in `prefix`, which the engine carries along and reads of networks
// only: it tells int from int64 in the answer.
Value read_value(std::istream& in, Store* store) {
  std::string word;
  in >> word;
  if (word.empty()) std::exit(2);
  const size_t colon = word.find(':');
  const uint8_t tag = static_cast<uint8_t>(std::stoi(word.substr(1, colon - 1)));
  const std::string& text = store->texts.emplace_back(from_hex(word.substr(colon + 1)));
  Value value;
  switch (word[0]) {
    case 'b':
      value = Value::boolean(text == "true");
      break;
    case 'i':
      value = Value::integer(std::strtoll(text.c_str(), nullptr, 10));
      break;
    case 'u':
      value = Value::unsigned_integer(std::strtoull(text.c_str(), nullptr, 10));
      break;
    case 'd':
      value = Value::number(std::strtod(text.c_str(), nullptr));
      break;
    case 'f':
      value = Value::float32(std::strtof(text.c_str(), nullptr));
      break;
    case 's':
      value = Value::string(text);
      break;
    case 'x':
      value = Value::bytes(text);
      break;
    case 'p': {
      const auto ip = parse_ip(text);
      value = Value::ip_address(ip.value_or(IpBytes{}));
      value.no_address = !ip;
      break;
    }
    case 'c': {
      const auto network = parse_cidr(text);
      if (network) return *network;
      value = Value::cidr({}, 0);
      value.no_address = true;
      return value;
    }
    case 'm':
      value = Value::mac(store->texts.emplace_back(hex_bytes(text)));
      break;
    case 'h':
      value = Value::hex_text(
          store->hexes.emplace_back(HexText{store->texts.emplace_back(hex_bytes(text)), text}));
      break;
    case 'r': {
      auto pattern = Pattern::create(text);
      if (!pattern.ok()) std::exit(2);
      store->patterns.push_back(std::move(*pattern));
      value = Value::regex(*store->patterns.back());
      break;
    }
    case 'F':
      value = Value::foreign(text);
      break;
    case 'A':
    case 'S':
    case 'N': {
      std::vector<Value>& items = store->lists.emplace_back();
      for (int left = std::stoi(text); left > 0; --left) items.push_back(read_value(in, store));
      const Type type = word[0] == 'A'   ? Type::kArray
                        : word[0] == 'S' ? Type::kStringList
                                         : Type::kNumberList;
      value = Value::list(type, items);
      break;
    }
    case 'M': {
      std::vector<MapEntry>& entries = store->maps.emplace_back();
      for (int left = std::stoi(text); left > 0; --left) {
        const std::string& key = store->texts.emplace_back(read_value(in, store).str());
        entries.push_back({key, read_value(in, store)});
      }
      value = Value::map(entries);
      break;
    }
    default:
      break;
  }
  value.prefix = tag;
  return value;
}

// TYPE:NUMBER:TEXT, and the items of a list or map after it.
void print_value(const Value& value) {
  std::string text;
  if (value.type == Type::kBytes || value.type == Type::kForeign || value.type == Type::kString) {
    text = value.str();
  } else if (value.is_list()) {
    text = std::to_string(value.elements().size());
  } else if (value.type == Type::kMap) {
    text = std::to_string(value.members().size());
  } else if (value.type == Type::kDouble || value.type == Type::kFloat32) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g", value.d);
    text = digits;
  } else if (value.type != Type::kNull) {
    append_text(value, &text);
  }
  const int tag = value.type == Type::kCidr ? 0 : value.prefix;
  std::cout << ' ' << static_cast<int>(value.type) << ':' << tag << ':' << to_hex(text);
  if (value.is_list()) {
    for (const Value& item : value.elements()) print_value(item);
  } else if (value.type == Type::kMap) {
    for (const MapEntry& entry : value.members()) {
      print_value(Value::string(entry.key));
      print_value(entry.value);
    }
  }
}

// "identity", "concat:PREFIX" and "error:TEXT", as the questions name them. An argument of the
// wrong type is told by its number alone; the caller knows the names.
int run_function(void* user, std::span<const Value> args, Scratch& scratch, Value* ret,
                 std::string* error) {
  const std::string& how = *static_cast<const std::string*>(user);
  const size_t colon = how.find(':');
  const std::string rest = colon == std::string::npos ? "" : how.substr(colon + 1);
  if (how.starts_with("error:")) {
    *error = rest;
    return QTAP_ERR_INVALID;
  }
  if (args.empty()) return QTAP_ERR_INVALID;
  if (how.starts_with("concat:")) {
    if (args[0].type != Type::kString) {
      *error = "type " + std::to_string(static_cast<int>(args[0].type)) + ' ' +
               std::to_string(args[0].type == Type::kCidr ? 0 : args[0].prefix);
      return QTAP_ERR_INVALID;
    }
    *ret = Value::string(scratch.copy(rest + std::string(args[0].str())));
    return QTAP_OK;
  }
  *ret = args[0];
  return QTAP_OK;
}

int look_up(void* user, const FieldRef& field, Scratch&, Value* ret) {
  const Value* found = find_member(static_cast<const Value*>(user)->members(), field.name);
  if (found == nullptr) return QTAP_ERR_NOTFOUND;
  *ret = *found;
  return QTAP_OK;
}

// The rule that is left.
std::string evaluate(const Rule& rule, Value fields) {
  Scratch scratch;
  Report report;
  Residue residue;
  const Outcome outcome = rule.evaluate({look_up, &fields}, &scratch, &report, &residue);
  std::cout << (outcome.state == State::kMissing ? "missing"
                : outcome.state == State::kError ? "error"
                : outcome.pass()                 ? "pass"
                                                 : "fail");
  print_value(outcome.ok() ? outcome.value : Value::null());
  std::string left = render(residue);
  std::cout << "\nleft x" << to_hex(render(residue, NotEqual::kShort)) << '\n';
  if (outcome.ok()) return left;
  for (const Issue& issue : report.issues()) {
    std::cout << "issue " << static_cast<int>(issue.kind) << ' ' << issue.offset << " x"
              << to_hex(issue.subject) << " x" << to_hex(issue.text) << '\n';
  }
  return left;
}

void print_tokens(const std::string& text) {
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    std::cout << "token " << static_cast<int>(token.kind) << ' ' << token.offset << " x"
              << to_hex(token.text) << '\n';
    if (token.kind == TokenKind::kError) break;
  }
}

int open_parentheses(const std::string& text) {
  int open = 0;
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == TokenKind::kError) break;
    open += token.kind == TokenKind::kLeftParen ? 1 : token.kind == TokenKind::kRightParen ? -1 : 0;
  }
  return open;
}

struct Question {
  std::vector<MacroText> macros;
  std::vector<Function> functions;
  std::deque<std::string> implementations;
  std::unique_ptr<const Library> library;
  std::unique_ptr<const Rule> rule;
  Store store;

  void compile(const std::string& text) {
    auto made = Library::create(macros, functions, {.calls = CallCheck::kAtEvaluation});
    if (!made.ok()) {
      std::cout << "library x" << to_hex(made.error().text) << '\n';
      return;
    }
    library = std::move(*made);
    CompileResult compiled = Rule::compile(text, {library.get(), CallCheck::kAtEvaluation});
    rule = std::move(compiled.rule);
    if (rule) {
      std::cout << "rule x" << to_hex(render(rule->tree(), NotEqual::kShort)) << '\n';
      return;
    }
    const CompileError& error = compiled.error;
    const Position end = position_of(text, error.end_offset);
    // What is said after "line 1, column 1: ".
    const std::string said = error.text.substr(error.text.find(": ") + 2);
    std::cout << "wrong " << end.line << ' ' << end.column << ' ' << static_cast<int>(error.found)
              << ' ' << open_parentheses(text.substr(0, error.offset)) << " x"
              << to_hex(text.substr(error.offset, error.end_offset - error.offset)) << " x"
              << to_hex(said) << '\n';
  }
};

}  // namespace

int main() {
  Question question;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    std::string word;
    std::string text;
    in >> word;
    if (word == "eval") {
      const Value fields = read_value(in, &question.store);
      if (!question.rule) continue;
      // The next step begins with what this one leaves.
      const std::string left = evaluate(*question.rule, fields);
      question.rule = Rule::compile(left, {question.library.get(), CallCheck::kAtEvaluation}).rule;
      if (!question.rule) std::cout << "stuck x" << to_hex(left) << '\n';
      continue;
    }
    in >> text;
    const std::string first = text.empty() ? "" : from_hex(text.substr(1));
    if (word == "macro") {
      in >> text;
      question.macros.push_back({first, from_hex(text.substr(1))});
    } else if (word == "function") {
      in >> text;
      std::string& how = question.implementations.emplace_back(from_hex(text.substr(1)));
      Function function{first, {}, run_function, &how};
      while (in >> text) function.parameters.push_back(from_hex(text.substr(1)));
      question.functions.push_back(std::move(function));
    } else if (word == "rule") {
      question.compile(first);
    } else if (word == "tokens") {
      print_tokens(first);
    } else if (word == "done") {
      std::cout << "done" << std::endl;
      question = Question();
    }
  }
  return 0;
}
