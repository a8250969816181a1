// SPDX-License-Identifier: Apache-2.0
// Functions of the language: the built-in ones, and what a host registers.
#pragma once

#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rulekit/value.h"

namespace qtap::rulekit {

// Memory of one evaluation: what functions and field sources make lives until it ends. The first
// kilobyte is on the stack, so that ordinary rules do not allocate.
class Scratch {
 public:
  Scratch() : resource_(buffer_, sizeof buffer_) {}
  std::span<Value> values(size_t count);
  std::string_view copy(std::string_view text);

 private:
  static constexpr size_t kInline = 1024;
  alignas(Value) std::byte buffer_[kInline];
  std::pmr::monotonic_buffer_resource resource_;
};

// Returns QTAP_OK and sets `ret`, or a negative status and, if it likes, one line in `error`.
// It is given exactly as many arguments as it has parameters.
using FunctionBody = int (*)(void* user, std::span<const Value> args, Scratch& scratch, Value* ret,
                             std::string* error);

struct Function {
  std::string name;
  std::vector<std::string> parameters;
  FunctionBody body = nullptr;
  void* user = nullptr;  // borrowed; any thread that evaluates
};

struct Builtin {
  std::string_view name;
  size_t parameter_count;
  FunctionBody body;  // null: the name is reserved, the function comes in a later version
};

std::span<const Builtin> builtins();
const Builtin* find_builtin(std::string_view name);

}  // namespace qtap::rulekit
