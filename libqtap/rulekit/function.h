// SPDX-License-Identifier: Apache-2.0
// Functions of the language: the built-in ones, and what a host registers.
#pragma once

#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

// Memory of one evaluation: what functions and field sources make lives until it ends. The first
// kilobyte is on the stack, so that ordinary rules do not allocate.
class Scratch {
 public:
  Scratch() : resource_(buffer_, sizeof buffer_) {}
  std::span<Value> values(size_t count) { return array<Value>(count); }
  std::string_view copy(std::string_view text);
  template <typename T>
  std::span<T> array(size_t count) {  // value-initialised; nothing is destroyed
    static_assert(std::is_trivially_destructible_v<T>);
    T* data = std::pmr::polymorphic_allocator<T>(&resource_).allocate(count);
    std::uninitialized_value_construct_n(data, count);
    return {data, count};
  }
  // Takes back all of it, so that the next evaluation may use this Scratch: what it gave so far is
  // gone.
  void reset() { resource_.release(); }

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
  FunctionBody body;
  // Null, or called when a rule that calls the function is compiled: gets what it needs, or says
  // what is missing.
  Status (*prepare)();
};

std::span<const Builtin> builtins();
const Builtin* find_builtin(std::string_view name);

}  // namespace qtap::rulekit
