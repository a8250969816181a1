// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h: macros, functions and fields of a host.
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capi/boundary.h"
#include "capi/rule_handles.h"
#include "capi/rule_names.h"
#include "rulekit/export.h"
#include "rulekit/import.h"

struct qtap_rule_call {
  qtap::rulekit::Scratch& scratch;
  std::string* error;  // null: nobody asks
};

namespace qtap::capi {

namespace {

// In the order of enum qtap_value_type.
constexpr std::array kTypeNames = {"null",   "bool",        "int64", "uint64", "double",
                                   "string", "bytes",       "IP",    "CIDR",   "MAC",
                                   "list",   "string list", "map",   "hex",    "regex"};

constexpr uint32_t bit_of(int type) {
  return uint32_t{1} << static_cast<unsigned>(type);
}

std::string names_of(uint32_t types) {
  std::string out;
  for (size_t type = 0; type < kTypeNames.size(); ++type) {
    if ((types & bit_of(static_cast<int>(type))) == 0) continue;
    if (!out.empty()) out += " or ";
    out += kTypeNames[type];
  }
  return out;
}

int call_host(void* user, std::span<const rulekit::Value> args, rulekit::Scratch& scratch,
              rulekit::Value* ret, std::string* error) {
  const HostFunction& function = *static_cast<const HostFunction*>(user);
  const auto values = scratch.array<qtap_value>(args.size());
  for (size_t at = 0; at < args.size(); ++at) {
    rulekit::export_value(args[at], rulekit::Texts::kBorrow, scratch, &values[at]);
    const Parameter& parameter = function.parameters[at];
    if (parameter.types == 0 || (parameter.types & bit_of(values[at].type)) != 0) continue;
    if (error != nullptr) {
      *error = function.name + ": arg " + parameter.name + ": expected " +
               names_of(parameter.types) + ", got " +
               kTypeNames[static_cast<size_t>(values[at].type)];
    }
    return QTAP_ERR_INVALID;
  }
  qtap_rule_call call{scratch, error};
  qtap_value value{};
  const int status = function.call(function.user, &call, values.data(), &value);
  return status < 0 ? status : rulekit::import_value(value, scratch, ret);
}

}  // namespace

const rulekit::Library* library_of(const RuleNames* names) {
  return names == nullptr ? nullptr : names->library.get();
}

rulekit::CompileOptions options_of(const RuleNames* names) {
  rulekit::CompileOptions options;
  if (names == nullptr) return options;
  options.library = names->library.get();
  options.fields = names->fields.known;
  options.unknown_fields_fail = names->unknown_fields_fail;
  return options;
}

namespace {

Status take_functions(const qtap_rule_names& from, RuleNames* names,
                      std::vector<rulekit::Function>* ret) {
  for (size_t at = 0; at < from.function_count; ++at) {
    const qtap_rule_function& function = from.functions[at];
    if (function.name == nullptr || function.call == nullptr) {
      return bad_entry("functions", at, "name and call must not be NULL");
    }
    if (function.param_count > 0 && function.params == nullptr) {
      return bad_entry("functions", at, "params must not be NULL");
    }
    HostFunction& host = names->functions.emplace_back();
    host = {function.name, {}, function.call, function.user};
    rulekit::Function& known = ret->emplace_back();
    known = {function.name, {}, call_host, &host};
    for (size_t param = 0; param < function.param_count; ++param) {
      const qtap_rule_param& parameter = function.params[param];
      if (parameter.name == nullptr) return bad_entry("functions", at, "a parameter has no name");
      if (parameter.reserved != 0 || parameter.types >= bit_of(kTypeNames.size())) {
        return too_new("a type of a parameter of function \"" + host.name + "\"");
      }
      host.parameters.push_back({parameter.name, parameter.types});
      known.parameters.emplace_back(parameter.name);
    }
  }
  return {};
}

Status take_macros(const qtap_rule_names& from, std::vector<rulekit::MacroText>* ret) {
  for (size_t at = 0; at < from.macro_count; ++at) {
    const qtap_rule_macro& macro = from.macros[at];
    if ((macro.name.data == nullptr && macro.name.len > 0) ||
        (macro.text.data == nullptr && macro.text.len > 0)) {
      return bad_entry("macros", at, "name and text must not be NULL");
    }
    ret->push_back(
        {std::string(macro.name.data == nullptr ? "" : macro.name.data, macro.name.len),
         std::string(macro.text.data == nullptr ? "" : macro.text.data, macro.text.len)});
  }
  return {};
}

constexpr uint32_t kFlags = QTAP_RULE_UNKNOWN_FIELDS_FAIL | QTAP_RULE_TRANSACTION_FIELDS;

Result<std::shared_ptr<const RuleNames>> make_names(const qtap_rule_names* from) {
  const Result<qtap_rule_names> ours = import_struct(from, "qtap_rule_names");
  if (!ours.ok()) return ours.error();
  if (ours->reserved != 0 || (ours->flags & ~kFlags) != 0) {
    return too_new("a flag");
  }
  if ((ours->macro_count > 0 && ours->macros == nullptr) ||
      (ours->function_count > 0 && ours->functions == nullptr) ||
      (ours->field_count > 0 && ours->fields == nullptr)) {
    return bad_names("a list is NULL");
  }
  auto names = std::make_shared<RuleNames>();
  std::vector<rulekit::MacroText> macros;
  std::vector<rulekit::Function> functions;
  QTAP_CHECK(take_fields(*ours, names.get()));
  if ((ours->flags & QTAP_RULE_TRANSACTION_FIELDS) != 0) {
    plugin::add_transaction_fields(&names->fields);
  }
  QTAP_CHECK(take_functions(*ours, names.get(), &functions));
  QTAP_CHECK(take_macros(*ours, &macros));
  names->unknown_fields_fail = (ours->flags & QTAP_RULE_UNKNOWN_FIELDS_FAIL) != 0;
  auto library =
      rulekit::Library::create(std::move(macros), std::move(functions), options_of(names.get()));
  if (!library.ok()) {
    return Error{"QT144", library.error().status, library.error().text};
  }
  names->library = std::move(*library);
  return std::shared_ptr<const RuleNames>(std::move(names));
}

int make_library(const qtap_rule_names* from, qtap_rule_library** ret, qtap_rule_error* reterr) {
  auto names = ret == nullptr ? bad_names("ret must not be NULL") : make_names(from);
  if (!names.ok()) {
    set_rule_error(0, 0, message_of(names.error()), reterr);
    return names.error().status;
  }
  *ret = new qtap_rule_library{std::move(*names)};
  return QTAP_OK;
}

}  // namespace

}  // namespace qtap::capi

extern "C" {

int qtap_rule_library_new(const struct qtap_rule_names* names, qtap_rule_library** ret,
                          struct qtap_rule_error* reterr) {
  if (const int status = qtap::capi::check_rule_error(reterr); status < 0) return status;
  return qtap::capi::guard([&] { return qtap::capi::make_library(names, ret, reterr); });
}

void qtap_rule_library_free(qtap_rule_library* library) {
  delete library;
}

const char* qtap_rule_call_copy(qtap_rule_call* call, const void* bytes, size_t len) {
  const char* copy = nullptr;
  if (call == nullptr || (bytes == nullptr && len > 0)) return nullptr;
  qtap::capi::guard([&] {
    copy = len == 0 ? "" : call->scratch.copy({static_cast<const char*>(bytes), len}).data();
    return QTAP_OK;
  });
  return copy;
}

int qtap_rule_call_fail(qtap_rule_call* call, int status, const char* text) {
  if (call != nullptr && call->error != nullptr && text != nullptr) {
    qtap::capi::guard([&] {
      *call->error = text;
      return QTAP_OK;
    });
  }
  return status;
}

}  // extern "C"
