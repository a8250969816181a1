// SPDX-License-Identifier: Apache-2.0
// Every limit of the rule language; reaching one is an error with a position. The regex ones are in
// pattern.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qtap::rulekit {

inline constexpr size_t kMaxRuleText = 64 * 1024;  // spec/rulekit.md section 0, S33
inline constexpr uint32_t kMaxNesting = 256;       // parentheses, not, calls; the same
inline constexpr uint32_t kMaxMacroDepth = 32;     // the same

// Together with macros: 32 macros of 256 levels would be some 16,000 stack frames. This many need
// less than 512 KiB of stack.
inline constexpr uint32_t kMaxEvaluationDepth = 1024;
// Nodes visited by one evaluation. Macros that call macros twice each double the work per level
// (2^32 at macro depth 32); a rule of full length without macros has at most 65,536 nodes.
inline constexpr uint32_t kMaxEvaluationSteps = 1u << 20;
// Comparisons of elements where lists are compared with lists, in one evaluation.
inline constexpr size_t kMaxListPairs = size_t{1} << 20;
// A rule whose macros, each in the place of its call, come to more nodes than a rule of full length
// can have is evaluated from its tree.
inline constexpr uint32_t kMaxProgramNodes = 65536;
// Nodes that macros bring into the program of one rule, constant arrays counted as one; a rule with
// more is evaluated from its tree. For a step takes some 100 bytes, and thousands of rules may call
// one macro: the program of a set has its steps once.
inline constexpr uint32_t kMaxMacroNodes = 1024;
// Texts and numbers by which a set finds one rule, and all of its rules. A rule beyond is evaluated
// each time, which for a long list is one look-up by hash.
inline constexpr size_t kMaxGuardKeys = 1024;
inline constexpr size_t kMaxIndexKeys = size_t{1} << 18;
// All regexes of one rule together; one alone may have kMaxRegexProgram. Without it 64 KiB of text
// could compile to gigabytes.
inline constexpr size_t kMaxRuleRegexes = 1024;
inline constexpr size_t kMaxRuleRegexProgram = size_t{8} << 20;

// Places that a Report names; what is beyond is counted. A person mends the first few, and a rule
// whose macros multiply has up to kMaxEvaluationSteps of them.
inline constexpr size_t kMaxIssues = 64;

inline constexpr size_t kMaxMacros = 1024;
inline constexpr size_t kMaxFunctions = 1024;

}  // namespace qtap::rulekit
