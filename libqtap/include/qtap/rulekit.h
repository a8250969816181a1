/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rulekit.h
 * The rule language on its own: compile a rule once, evaluate it over values that a callback
 * supplies. Needs no session. The language is that of capture rules (`http.res.status >= 500 and
 * src.ip in 10.0.0.0/8`).
 */
#ifndef QTAP_RULEKIT_H
#define QTAP_RULEKIT_H

#include <qtap/base.h>
#include <qtap/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A compiled rule. Immutable: any number of threads may evaluate one at the same time. @since 0.1
 */
typedef struct qtap_rule qtap_rule;

/** Where and why a rule does not compile. Set `size` to sizeof(struct qtap_rule_error) before the
 * call. @since 0.1 */
struct qtap_rule_error {
  size_t size;
  uint32_t line;   /**< 1-based */
  uint32_t column; /**< 1-based, in bytes: the first byte that is wrong */
  /** one line, NUL-terminated: `QT140: line 1, column 18: expected a value after "=="` */
  char text[256];
};

/**
 * Supplies the value of a field during an evaluation.
 *
 * @param user  what was given to qtap_rule_eval()
 * @param name  the field as written in the rule, e.g. "http.res.status"; not NUL-terminated,
 * case-sensitive; valid as long as the rule
 * @param ret   zeroed; to be filled. What it points at must stay valid until qtap_rule_eval()
 * returns.
 * @return 0 when found, QTAP_ERR_NOTFOUND when the field is not (yet) known, another negative
 * status when looking it up failed. Must not throw or longjmp. Called on the thread that evaluates,
 * perhaps several times for one field.
 * @since 0.1
 */
typedef int (*qtap_lookup_fn)(void* user, struct qtap_str name, struct qtap_value* ret);

/**
 * Compiles a rule.
 *
 * @param text    the rule, len bytes (at most 65,536), need not be NUL-terminated; copied
 * @param len     length of text in bytes
 * @param ret     on success, the rule; free it with qtap_rule_free(). Untouched on failure.
 * @param reterr  may be NULL; filled on failure only
 * @return 0, or
 *         QTAP_ERR_INVALID     the rule is wrong, or an argument is (then reterr->line is 0);
 *         QTAP_ERR_LIMIT       text, nesting (256) or regex (4 KiB, 1 MiB compiled) is too large;
 *         QTAP_ERR_UNSUPPORTED the rule uses what this version does not have yet, or reterr->size
 * is not known; QTAP_ERR_NOMEM Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_rule_compile(const char* text, size_t len, qtap_rule** ret,
                               struct qtap_rule_error* reterr);

/**
 * Evaluates a rule: does it match?
 *
 * @param rule       the rule
 * @param lookup     supplies fields; called only for those that matter
 * @param user       passed on to lookup
 * @param ret_match  1: the rule is true. 0: it is false, or undecided (see return). Written unless
 * the call fails.
 * @return 0 when decided;
 *         QTAP_WARN_PARTIAL when undecided because a field is missing: not a match, more fields
 * could make it one; QTAP_ERR_INVALID when an argument is NULL, a value breaks the rules of
 * value.h, or a function refused its argument; QTAP_ERR_LIMIT when the evaluation takes too many
 * steps or a list is too large; QTAP_ERR_NOMEM; or the status with which lookup failed. As with
 * missing fields, a failure counts only if it could change the outcome (`true or failing` is 1).
 * Thread: any, also inside callbacks and for the same rule at the same time.
 * @since 0.1
 */
QTAP_API int qtap_rule_eval(const qtap_rule* rule, qtap_lookup_fn lookup, void* user,
                            int* ret_match);

/** Frees a rule; NULL is fine. No evaluation of it may be running. Thread: any. @since 0.1 */
QTAP_API void qtap_rule_free(qtap_rule* rule);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_RULEKIT_H */
