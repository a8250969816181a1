// SPDX-License-Identifier: Apache-2.0
// A tree and fields in, an Outcome out (section 7 of the language): three-valued logic in which a
// decided side of and/or wins over an undecided one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "rulekit/field_frame.h"
#include "rulekit/function.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

class FieldNames;
struct Tree;

enum class State : uint8_t {
  kValue,    // `value` is the result
  kMissing,  // undecided: a field is missing
  kError,    // undecided: something failed; `status` says what
};

struct Outcome {
  State state = State::kValue;
  int status = 0;  // kMissing: QTAP_ERR_NOTFOUND; kError: a negative status
  Value value;

  bool ok() const { return state == State::kValue; }
  bool pass() const { return ok() && truthy(value); }
  bool fail() const { return ok() && !truthy(value); }
};

enum class IssueKind : uint8_t {
  kMissingField,     // subject: the field
  kUnknownFunction,  // subject: the name called
  kArgumentCount,    // subject: the function or macro
  kFunctionFailed,   // subject: the function
  kLookupFailed,     // subject: the field
  kLimit,            // subject: empty
};

struct Issue {
  IssueKind kind = IssueKind::kMissingField;
  int status = 0;
  const Tree* tree = nullptr;  // which text `offset` is in: the rule's, or a macro's
  size_t offset = 0;
  std::string subject;
  std::string text;  // one line, without position
};

// What kept a rule from being decided. Of and/or, only the sides that the outcome rests on are
// kept. At most kMaxIssues issues (limits.h) are told one by one; missing fields are all named.
class Report {
 public:
  const std::vector<Issue>& issues() const { return issues_; }
  size_t untold() const { return count_ - issues_.size(); }  // issues beyond kMaxIssues
  std::vector<std::string> missing_fields() const;           // sorted, each once

  void add(Issue issue);
  size_t mark() const { return count_; }
  void roll_back(size_t mark);  // forgets what was added since

 private:
  struct MissingField {
    std::string name;
    size_t mark;  // before it was added for the first time
  };

  std::vector<Issue> issues_;
  size_t count_ = 0;
  std::vector<MissingField> missing_;  // each name once
  std::unordered_set<std::string> missing_names_;
};

// What decided an outcome, or what is left to be decided (section 13 of the language): nodes of the
// rule and its macros, joined by and/or where both sides count.
struct Residue {
  struct Part {
    const Tree* tree = nullptr;  // null: `left` and/or `right`, which are parts
    uint32_t left = 0;           // with a tree, the node
    uint32_t right = 0;
    bool is_or = false;
  };
  std::vector<Part> parts;
  uint32_t root = 0;
};

// Walks the tree. The plain way to an outcome, and the only one to a report and a residue;
// program.h is the fast one. `names` numbers the fields of the tree in `fields`. `report` and
// `residue` are optional; a residue allocates.
Outcome evaluate_tree(const Tree& tree, const FieldNames& names, FieldFrame* fields,
                      Scratch* scratch, Report* report, Residue* residue = nullptr);

}  // namespace qtap::rulekit
