// SPDX-License-Identifier: Apache-2.0
// A rule of and, or and not over fields against constants as tests in a row. A test leaves the row
// for where its outcome decides, or the next one has its turn: no frame and no result in between.
// In: a Program. Out: a Flow, which says of fields what the program says, or that it cannot tell.
// Thread: immutable; borrows what the program does.
//
//   (a or b) and not c        0  a   when true to 2
//                             1  b   when false to the end: false
//                             2  c   when false to the end: true
//                             3  the end: false
#pragma once

#include <cstdint>
#include <vector>

#include "rulekit/field_test.h"

namespace qtap::rulekit {

struct Program;

struct FlowTest {
  // Ends, where other numbers are places in the flow.
  static constexpr uint32_t kFalse = UINT32_MAX;
  static constexpr uint32_t kTrue = UINT32_MAX - 1;
  static constexpr uint32_t kItself = UINT32_MAX - 2;  // the field's value is the rule's
  static bool is_end(uint32_t to) { return to >= kItself; }

  FieldTest test;
  uint32_t step = 0;     // the same in the program
  uint32_t to = kFalse;  // where the verdict `leaves_when` leads
  Verdict leaves_when = Verdict::kFalse;
};

// The last is no test but, as `to`, the end behind the row.
using Flow = std::vector<FlowTest>;

// Empty when the rule has calls, or fields against fields.
Flow flow_of(const Program& program, uint32_t root);

}  // namespace qtap::rulekit
