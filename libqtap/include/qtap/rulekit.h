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

/** Where and why a rule does not compile, or what is odd about it. Set `size` to sizeof(struct
 * qtap_rule_error) before the call. qtap_rule_excerpt() shows the place. @since 0.1 */
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
 * at most once for each field of an evaluation.
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

/**
 * Evaluates a rule over a table instead of a lookup: no names are looked up, which is the fastest
 * way. Otherwise as qtap_rule_eval().
 *
 * @param values  count entries, in the order of qtap_rule_field_at(); NULL: the field is missing
 * @param count   as many as the rule has fields
 * @return as qtap_rule_eval(); QTAP_ERR_INVALID also for another count
 * @since 0.1
 */
QTAP_API int qtap_rule_eval_table(const qtap_rule* rule, const struct qtap_value* const* values,
                                  size_t count, int* ret_match);

/** Frees a rule; NULL is fine. No evaluation of it may be running. Thread: any. @since 0.1 */
QTAP_API void qtap_rule_free(qtap_rule* rule);

/** The rule in normal spelling, every condition in parentheses; compiles to the same rule. Borrowed
 * from the rule. Empty for NULL. @since 0.1 */
QTAP_API struct qtap_str qtap_rule_text(const qtap_rule* rule);

/**
 * Field `index` that an evaluation may ask for, in the rule or in a macro that it calls; each name
 * once. Borrowed from the rule.
 *
 * @return 0, QTAP_ERR_NOTFOUND (index), QTAP_ERR_INVALID
 * @since 0.1
 */
QTAP_API int qtap_rule_field_at(const qtap_rule* rule, size_t index, struct qtap_str* ret);

/**
 * Warning `index` of a rule that compiles: "or" beside "and" without parentheses, a hex literal
 * that looks like a field, a comparison that is never true, a field that does not exist. In the
 * order of the text. The text has no QT number.
 *
 * @return 0, QTAP_ERR_NOTFOUND (index), QTAP_ERR_INVALID
 * @since 0.1
 */
QTAP_API int qtap_rule_warning_at(const qtap_rule* rule, size_t index, struct qtap_rule_error* ret);

/**
 * Writes the line of a rule that an error or warning is about, and below it a caret: two lines,
 * indented by two spaces, each ended by a line feed; of a long line what is around the column.
 *
 * @param text    the rule, len bytes
 * @param line    of the qtap_rule_error
 * @param column  the same
 * @param buf     room for size bytes; what does not fit is cut, NUL-terminated when size > 0. May
 * be NULL when size is 0.
 * @return the length of the whole without NUL; 0 when the text has no such line. Thread: any.
 * @since 0.1
 */
QTAP_API size_t qtap_rule_excerpt(const char* text, size_t len, uint32_t line, uint32_t column,
                                  char* buf, size_t size);

/* ---- many rules at once --------------------------------------------------------------------- */

/** Rules that are evaluated together: each comes to what it comes to alone, but fields and equal
 * parts of rules are evaluated once, and rules that need a field to be equal to, or to begin with,
 * a constant cost next to nothing while it is not. Immutable; any number of threads may evaluate
 * one at the same time. @since 0.1 */
typedef struct qtap_rule_set qtap_rule_set;

/** A rule of a set that is not plainly false. @since 0.1 */
struct qtap_rule_hit {
  uint32_t rule; /**< its place in the set, from 0 */
  int outcome;   /**< enum qtap_rule_outcome, but for QTAP_RULE_FALSE */
  int status;    /**< QTAP_RULE_FAILED: why, as qtap_rule_eval() would return it; else 0 */
};

/** @since 0.1 */
enum qtap_rule_set_flag { QTAP_RULE_SET_ALL = 1 /**< go on behind the first rule that is true */ };

/**
 * Makes a set of rules. They may be freed afterwards: the set keeps what it needs of them.
 *
 * @param rules  count of them, in the order in which the first that is true wins; one may come
 * twice
 * @param ret    on success, the set; free it with qtap_rule_set_free()
 * @return 0, QTAP_ERR_INVALID (NULL), QTAP_ERR_NOMEM
 * @since 0.1
 */
QTAP_API int qtap_rule_set_new(const qtap_rule* const* rules, size_t count, qtap_rule_set** ret);

/** Field `index` that an evaluation of the set may ask for; each name once. 0, QTAP_ERR_NOTFOUND
 * (index) or QTAP_ERR_INVALID. @since 0.1 */
QTAP_API int qtap_rule_set_field_at(const qtap_rule_set* set, size_t index, struct qtap_str* ret);

/**
 * Evaluates a set. A function that several rules call with the same arguments is called once, and
 * a field that guards a rule may be asked for where the rule alone would not come to it.
 *
 * @param flags      enum qtap_rule_set_flag; 0: what is told ends with the first rule that is true
 * @param hits       room for `room` hits, in the order of the set; may be NULL when room is 0.
 *                   Undecided rules before the first true one are told: whether they let it win is
 *                   yours to say.
 * @param ret_count  how many hits there are
 * @return 0; QTAP_WARN_PARTIAL when there are more hits than room; QTAP_ERR_INVALID (NULL, a flag),
 *         QTAP_ERR_NOMEM. Errors of single rules are in their hits. Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_rule_set_eval(const qtap_rule_set* set, uint32_t flags, qtap_lookup_fn lookup,
                                void* user, struct qtap_rule_hit* hits, size_t room,
                                size_t* ret_count);

/** Frees a set; NULL is fine. No evaluation of it may be running. @since 0.1 */
QTAP_API void qtap_rule_set_free(qtap_rule_set* set);

/* ---- an evaluation with its reasons --------------------------------------------------------- */

/** What an evaluation came to, and why. Immutable; any thread. @since 0.1 */
typedef struct qtap_rule_result qtap_rule_result;

/** @since 0.1 */
enum qtap_rule_outcome {
  QTAP_RULE_FALSE = 0,
  QTAP_RULE_TRUE = 1,
  QTAP_RULE_UNKNOWN = 2, /**< a field is missing: more fields could decide it */
  QTAP_RULE_FAILED = 3   /**< something else kept it from being decided */
};

/** What kept a rule from being decided. @since 0.1 */
enum qtap_rule_issue_kind {
  QTAP_RULE_MISSING_FIELD = 0,   /**< subject: the field */
  QTAP_RULE_LOOKUP_FAILED = 1,   /**< subject: the field */
  QTAP_RULE_FUNCTION_FAILED = 2, /**< subject: the function */
  QTAP_RULE_LIMIT = 3            /**< too many steps, too deep, or too many issues */
};

/** Texts are borrowed from the result, not NUL-terminated. @since 0.1 */
struct qtap_rule_issue {
  size_t size;             /**< in: sizeof of the caller; out: bytes filled */
  int kind;                /**< enum qtap_rule_issue_kind */
  int status;              /**< QTAP_ERR_..: what the lookup or the function returned */
  uint32_t line;           /**< 1-based, in the text of the rule, or of `macro` */
  uint32_t column;         /**< 1-based, in bytes */
  struct qtap_str macro;   /**< name of the macro whose text it is; empty: of the rule */
  struct qtap_str subject; /**< see enum qtap_rule_issue_kind; may be empty */
  struct qtap_str text;    /**< one line, without position; no values of fields */
};

/**
 * Evaluates a rule as qtap_rule_eval() does, and tells all about it. Slower, and allocates: for
 * people, tests, and evaluation in steps.
 *
 * @param ret  on success, whatever the outcome: free it with qtap_rule_result_free(). It needs
 *             neither the rule nor what `lookup` pointed at any more.
 * @return 0, QTAP_ERR_INVALID (an argument is NULL), QTAP_ERR_NOMEM. Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_rule_explain(const qtap_rule* rule, qtap_lookup_fn lookup, void* user,
                               qtap_rule_result** ret);

/** The enum qtap_rule_outcome, or QTAP_ERR_INVALID for NULL. @since 0.1 */
QTAP_API int qtap_rule_result_outcome(const qtap_rule_result* result);

/**
 * The value that the rule came to: `0 and x` is 0, `"abc" or x` is "abc", comparisons are BOOL. A
 * value of a type that the language does not know is BYTES.
 *
 * @param ret  borrowed from the result
 * @return 0, QTAP_ERR_NOTFOUND (nothing was decided), QTAP_ERR_INVALID
 * @since 0.1
 */
QTAP_API int qtap_rule_result_value(const qtap_rule_result* result, struct qtap_value* ret);

/** Missing field `index` that the outcome rests on; sorted, each once. Borrowed from the result. 0,
 * QTAP_ERR_NOTFOUND (index) or QTAP_ERR_INVALID. @since 0.1 */
QTAP_API int qtap_rule_result_missing_at(const qtap_rule_result* result, size_t index,
                                         struct qtap_str* ret);

/** Issue `index` that the outcome rests on, missing fields included, in the order of evaluation. 64
 * are told; of more, one behind them, of kind QTAP_RULE_LIMIT and with line 0, says how many are
 * not. 0, QTAP_ERR_NOTFOUND (index) or QTAP_ERR_INVALID. @since 0.1 */
QTAP_API int qtap_rule_result_issue_at(const qtap_rule_result* result, size_t index,
                                       struct qtap_rule_issue* ret);

/**
 * The part of the rule that decided; when nothing did, what is left to be decided. It compiles with
 * the library of the rule, and may then be evaluated when more fields are known: sides that are
 * settled are gone, but a comparison needs all its fields. Borrowed from the result. Empty for
 * NULL.
 * @since 0.1
 */
QTAP_API struct qtap_str qtap_rule_result_rest(const qtap_rule_result* result);

/** Frees it; NULL is fine. @since 0.1 */
QTAP_API void qtap_rule_result_free(qtap_rule_result* result);

/* ---- names that rules may use --------------------------------------------------------------- */

/** Macros, functions and fields of a host. Immutable; any thread. Rules keep what they need of it.
 * @since 0.1 */
typedef struct qtap_rule_library qtap_rule_library;

/** `name()` stands for the rule `text`. @since 0.1 */
struct qtap_rule_macro {
  struct qtap_str name; /**< letters, digits and _; no digit first */
  struct qtap_str text;
};

/** A call of a host's function, for the time of the call. @since 0.1 */
typedef struct qtap_rule_call qtap_rule_call;

/**
 * A function of a host. Called on the thread that evaluates, by several at once; must not throw or
 * longjmp.
 *
 * @param call  for qtap_rule_call_copy() and qtap_rule_call_fail()
 * @param args  as many as it has parameters, of the types that these ask for; borrowed for the call
 * @param ret   zeroed; to be filled. What it points at must stay valid until the evaluation
 * returns: qtap_rule_call_copy() makes such memory.
 * @return 0, or a negative status: the evaluation fails there
 * @since 0.1
 */
typedef int (*qtap_rule_function_fn)(void* user, qtap_rule_call* call,
                                     const struct qtap_value* args, struct qtap_value* ret);

/** @since 0.1 */
struct qtap_rule_param {
  const char* name;  /**< for error texts */
  uint32_t types;    /**< 1 << enum qtap_value_type, several ORed; 0: any. The evaluation fails on
                        others: a missing field never gets here. */
  uint32_t reserved; /**< 0 */
};

/** @since 0.1 */
struct qtap_rule_function {
  const char* name; /**< letters, digits and _; no digit first */
  const struct qtap_rule_param* params;
  size_t param_count;
  qtap_rule_function_fn call;
  void* user; /**< borrowed as long as the library, or a rule made with it, lives */
};

/** A field that the host supplies. @since 0.1 */
struct qtap_rule_known_field {
  const char* name; /**< one that ends in "." stands for all that begin with it */
  int type;         /**< enum qtap_value_type that it holds; 0: any */
  int reserved;     /**< 0 */
};

/** @since 0.1 */
enum qtap_rule_names_flag {
  QTAP_RULE_UNKNOWN_FIELDS_FAIL = 1, /**< a field that is not known is an error */
  /** Known are also the fields of a transaction and its connection (docs/fields.md), in every
   * spelling. */
  QTAP_RULE_TRANSACTION_FIELDS = 2
};

/** All is copied. @since 0.1 */
struct qtap_rule_names {
  size_t size;    /**< sizeof(struct qtap_rule_names) of the caller */
  uint32_t flags; /**< enum qtap_rule_names_flag */
  uint32_t reserved;
  const struct qtap_rule_macro* macros; /**< in any order; they may call each other, but not in a
                                           circle */
  size_t macro_count;                   /**< at most 1024 */
  const struct qtap_rule_function* functions;
  size_t function_count;                      /**< at most 1024 */
  const struct qtap_rule_known_field* fields; /**< all that there are: misspelt names get a
                                                 suggestion, and comparisons that are never true a
                                                 warning; none: nothing is known about fields */
  size_t field_count;
};

/**
 * Makes a library.
 *
 * @param ret     on success, the library; free it with qtap_rule_library_free()
 * @param reterr  may be NULL; filled on failure. `line` is 0: the text names the macro, and the
 *                place in it.
 * @return 0, QTAP_ERR_INVALID (an argument; a macro that does not compile; a name that is wrong,
 *         taken or defined twice; a circle), QTAP_ERR_LIMIT, QTAP_ERR_UNSUPPORTED (a flag or member
 *         of a newer version), QTAP_ERR_NOMEM
 * @since 0.1
 */
QTAP_API int qtap_rule_library_new(const struct qtap_rule_names* names, qtap_rule_library** ret,
                                   struct qtap_rule_error* reterr);

/** Frees it; NULL is fine. Rules that were compiled with it live on. @since 0.1 */
QTAP_API void qtap_rule_library_free(qtap_rule_library* library);

/** qtap_rule_compile() with the names of a library (NULL: without). @since 0.1 */
QTAP_API int qtap_rule_compile_with(const qtap_rule_library* library, const char* text, size_t len,
                                    qtap_rule** ret, struct qtap_rule_error* reterr);

/** Copies bytes to memory that lives until the evaluation ends, for what a function returns. NULL:
 * no memory, or an argument is. From inside of a function only. @since 0.1 */
QTAP_API const char* qtap_rule_call_copy(qtap_rule_call* call, const void* bytes, size_t len);

/** Says why the function fails: one line, copied, without values of fields. Returns `status`, so
 * that the function can return it. From inside of a function only. @since 0.1 */
QTAP_API int qtap_rule_call_fail(qtap_rule_call* call, int status, const char* text);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_RULEKIT_H */
