// SPDX-License-Identifier: Apache-2.0
/**
 * @file rulekit.hpp
 * The rule language for C++20; see rulekit.h.
 */
#ifndef QTAP_RULEKIT_HPP
#define QTAP_RULEKIT_HPP

#include <qtap/rulekit.h>
#include <qtap/base.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace qtap {
inline namespace v0 {

/** Macros, functions and fields of a host; see qtap_rule_library_new(). @since 0.1 */
class RuleLibrary {
 public:
  RuleLibrary() = default;

  /** `names.size` need not be set. On success `ret` is the library. */
  static Status make(qtap_rule_names names, RuleLibrary& ret) {
    names.size = sizeof names;
    qtap_rule_error why = {};
    why.size = sizeof why;
    qtap_rule_library* raw = nullptr;
    const int code = qtap_rule_library_new(&names, &raw, &why);
    if (code < 0) return {code, why.text};
    ret.handle_.reset(raw);
    return {};
  }

  const qtap_rule_library* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(qtap_rule_library* library) const { qtap_rule_library_free(library); }
  };
  std::unique_ptr<qtap_rule_library, Free> handle_;
};

/** What a rule came to, and why; see qtap_rule_explain(). @since 0.1 */
class RuleResult {
 public:
  RuleResult() = default;
  explicit RuleResult(qtap_rule_result* handle) : handle_(handle) {}

  /** enum qtap_rule_outcome */
  int outcome() const { return qtap_rule_result_outcome(handle_.get()); }
  /** What it came to; see qtap_rule_result_value(). Borrowed from this. */
  Status value(qtap_value& ret) const {
    const int code = qtap_rule_result_value(handle_.get(), &ret);
    return {code, code == QTAP_OK ? "" : qtap_status_name(code)};
  }
  /** The part of the rule that decided, or what is left. */
  std::string_view rest() const { return view(qtap_rule_result_rest(handle_.get())); }
  /** Calls `each(std::string_view name)` for every missing field. */
  template <typename Each>
  void for_each_missing(Each&& each) const {
    qtap_str name = {};
    for (size_t at = 0; qtap_rule_result_missing_at(handle_.get(), at, &name) == QTAP_OK; ++at) {
      each(view(name));
    }
  }
  const qtap_rule_result* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(qtap_rule_result* result) const { qtap_rule_result_free(result); }
  };
  std::unique_ptr<qtap_rule_result, Free> handle_;
};

namespace detail {

// What C is given for a lookup. A pointer to a function is no pointer to data: it gets one to what
// holds it.
template <typename Lookup>
struct BoundLookup {
  Lookup& lookup;

  static int call(void* user, qtap_str name, qtap_value* ret) noexcept {
    return static_cast<BoundLookup*>(user)->lookup(view(name), *ret);
  }
};
template <typename Lookup>
BoundLookup(Lookup&) -> BoundLookup<Lookup>;

}  // namespace detail

/** A compiled rule; see qtap/rulekit.h. @since 0.1 */
class Rule {
 public:
  Rule() = default;

  /** On success `ret` is the rule; the message of a failure names line and column. */
  static Status compile(std::string_view text, Rule& ret) { return compile(text, {}, ret); }
  static Status compile(std::string_view text, const RuleLibrary& library, Rule& ret) {
    qtap_rule_error why = {};
    why.size = sizeof why;
    qtap_rule* raw = nullptr;
    const int code = qtap_rule_compile_with(library.get(), text.data(), text.size(), &raw, &why);
    if (code < 0) return {code, why.text};
    ret.handle_.reset(raw);
    return {};
  }

  /**
   * Does it match? `lookup` is called as `int lookup(std::string_view name, qtap_value &ret)`, see
   * qtap_lookup_fn; an exception that leaves it ends the program. QTAP_WARN_PARTIAL: undecided, a
   * field is missing.
   */
  template <typename Lookup>
  requires std::invocable<Lookup&, std::string_view, qtap_value&> Status matches(Lookup&& lookup,
                                                                                 bool& ret_match)
  const {
    detail::BoundLookup bound{lookup};
    int match = 0;
    const int code = qtap_rule_eval(handle_.get(), bound.call, &bound, &match);
    if (code >= 0) ret_match = match != 0;
    return {code, code == QTAP_OK ? "" : qtap_status_name(code)};
  }

  /** The same with its reasons. */
  template <typename Lookup>
  requires std::invocable<Lookup&, std::string_view, qtap_value&> Status explain(Lookup&& lookup,
                                                                                 RuleResult& ret)
  const {
    detail::BoundLookup bound{lookup};
    qtap_rule_result* raw = nullptr;
    const int code = qtap_rule_explain(handle_.get(), bound.call, &bound, &raw);
    if (code >= 0) ret = RuleResult(raw);
    return {code, code == QTAP_OK ? "" : qtap_status_name(code)};
  }

  /** The rule in normal spelling. */
  std::string_view text() const { return view(qtap_rule_text(handle_.get())); }
  const qtap_rule* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(qtap_rule* rule) const { qtap_rule_free(rule); }
  };
  std::unique_ptr<qtap_rule, Free> handle_;
};

/** Many rules at once; see qtap_rule_set_new(). @since 0.1 */
class RuleSet {
 public:
  RuleSet() = default;

  /** The rules may be gone afterwards. */
  static Status make(std::span<const Rule> rules, RuleSet& ret) {
    std::vector<const qtap_rule*> handles;
    for (const Rule& rule : rules) handles.push_back(rule.get());
    qtap_rule_set* raw = nullptr;
    const int code = qtap_rule_set_new(handles.data(), handles.size(), &raw);
    if (code < 0) return {code, qtap_status_name(code)};
    ret.handle_.reset(raw);
    ret.size_ = rules.size();
    return {};
  }

  /** The rules that are not plainly false; see qtap_rule_set_eval(). `lookup` as in
   * Rule::matches(). */
  template <typename Lookup>
  requires std::invocable<Lookup&, std::string_view, qtap_value&> Status
  evaluate(Lookup&& lookup, std::vector<qtap_rule_hit>& ret, uint32_t flags = 0)
  const {
    detail::BoundLookup bound{lookup};
    std::size_t count = 0;
    ret.resize(size_);
    const int code = qtap_rule_set_eval(handle_.get(), flags, bound.call, &bound, ret.data(),
                                        ret.size(), &count);
    ret.resize(code < 0 ? 0 : count);
    return {code, code == QTAP_OK ? "" : qtap_status_name(code)};
  }

 private:
  struct Free {
    void operator()(qtap_rule_set* set) const { qtap_rule_set_free(set); }
  };
  std::unique_ptr<qtap_rule_set, Free> handle_;
  std::size_t size_ = 0;
};

}  // namespace v0
}  // namespace qtap

#endif  // QTAP_RULEKIT_HPP
