// SPDX-License-Identifier: Apache-2.0
// Reads x86-64 machine code: where a function hands control to others, and what is in the argument
// registers then. machine_code.cc does it with Capstone, machine_code_none.cc stands in for it
// where that is missing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace qtap::probe {

// What a register holds, as far as one pass over the code can tell.
enum class Value : uint8_t {
  kArg0,  // what the function was called with: System V ABI for AMD64, 3.2.3
  kArg1,
  kArg2,
  kArg3,
  kArg4,
  kArg5,
  kStack,  // an address in the function's stack frame
  kZero,
  kOther,
};
using Arguments = std::array<Value, 6>;  // rdi, rsi, rdx, rcx, r8, r9
constexpr Arguments kOwnArguments = {Value::kArg0, Value::kArg1, Value::kArg2,
                                     Value::kArg3, Value::kArg4, Value::kArg5};

// A call, or a jump out of the function.
struct Transfer {
  bool is_jump;
  bool through_slot;  // to where the word at `target` points, and not to `target`
  uint64_t target;
  Arguments arguments;
};

// All transfers to known places of the function `code`, which begins at `address`. An int argument
// that is widened stays the argument. QTAP_ERR_INVALID: an instruction is not known;
// QTAP_ERR_UNSUPPORTED: this build reads no code.
Result<std::vector<Transfer>> transfers(std::span<const uint8_t> code, uint64_t address,
                                        const Arguments& arguments);

}  // namespace qtap::probe
