// SPDX-License-Identifier: Apache-2.0
// rulekit: rule text and field values in, a decision out.
// In: text (compile), a FieldSource (evaluate). Out: Rule; Outcome, and a Report of errors.
// Owns: a Rule owns its tree; it borrows the Library. Values borrow from the rule, source or
// Scratch. Thread: a Rule is immutable: any number of threads may evaluate it at once. Knows
// nothing of qtap. Dropped: nothing; every limit (limits.h) is an error at compile time or an Issue
// of the evaluation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rulekit/evaluate.h"
#include "rulekit/token.h"

namespace qtap::rulekit {

class FieldNames;
class Library;
struct Program;
struct Tree;

// When calls of unknown names, or with a wrong number of arguments, are errors. Built-in functions
// are always checked at compile time.
enum class CallCheck : uint8_t { kAtCompile, kAtEvaluation };

// A field that the host supplies. A name that ends in a dot stands for all that begin with it.
struct KnownField {
  std::string_view name;
  Type type = Type::kNull;  // what it holds; kNull: anything
};

struct CompileOptions {
  const Library* library = nullptr;  // macros and host functions; must outlive the rule
  CallCheck calls = CallCheck::kAtCompile;
  // All that there are: other names are warned of, and comparisons that are never true. Empty:
  // nothing is known. Borrowed for the call.
  std::span<const KnownField> fields = {};
  bool unknown_fields_fail = false;  // an error then, not a warning
};

struct CompileError {
  int status = 0;         // QTAP_ERR_INVALID, _LIMIT, _UNSUPPORTED
  uint32_t line = 0;      // 1-based, of the first byte that is wrong
  uint32_t column = 0;    // 1-based, in bytes
  size_t offset = 0;      // the same, as an offset in the text
  size_t end_offset = 0;  // just past what is wrong
  TokenKind found = TokenKind::kEnd;
  std::string text;  // one line: `line 1, column 18: expected a value after "=="`
};

struct Warning {
  uint32_t line = 0;
  uint32_t column = 0;
  std::string text;  // one line, with the position as in CompileError
};

class Rule;

struct CompileResult {
  std::unique_ptr<const Rule> rule;  // null: `error` says why
  CompileError error;
  std::vector<Warning> warnings;
};

class Rule {
 public:
  static CompileResult compile(std::string_view text, const CompileOptions& options = {});
  ~Rule();
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  // The fields of the rule and of the macros that it calls, each once: the numbers in a FieldTable
  // and FieldRef::slot are places in this list. Lives as long as the rule.
  std::span<const std::string> fields() const;

  // What the rule comes to for these fields: a source that is asked for a field when it matters,
  // and then once, or a table with an entry for each of fields(). The value in the Outcome may
  // borrow from `scratch` and from the fields. Ordinary rules do not allocate.
  Outcome evaluate(const FieldSource& fields, Scratch* scratch) const;
  Outcome evaluate(FieldTable fields, Scratch* scratch) const;

  // The same with its reasons, which takes several times as long. `report` (may be null) collects
  // what is missing and what went wrong. `residue` (may be null; borrows from the rule and its
  // library): what decided, or what is left to decide; render() makes rule text of it.
  Outcome evaluate(const FieldSource& fields, Scratch* scratch, Report* report,
                   Residue* residue = nullptr) const;
  Outcome evaluate(FieldTable fields, Scratch* scratch, Report* report,
                   Residue* residue = nullptr) const;

  // The rule in normal spelling, with every condition in parentheses.
  std::string rendered() const;
  const Tree& tree() const { return *tree_; }

 private:
  explicit Rule(std::unique_ptr<const Tree> tree);
  [[gnu::noinline]] Outcome walk_table(FieldTable fields, Scratch* scratch, Report* report,
                                       Residue* residue) const;

  std::unique_ptr<const Tree> tree_;
  std::unique_ptr<const FieldNames> names_;
  std::unique_ptr<const Program> program_;  // null: the tree alone says what the rule comes to
  uint32_t root_ = 0;
};

}  // namespace qtap::rulekit
