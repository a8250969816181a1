/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file config.h
 * What to capture and what to do with it: options by name, from C or from YAML. docs/options.md
 * lists every name.
 *
 * A configuration is owned by the caller, belongs to one thread at a time and is copied by
 * qtap_session_new().
 */
#ifndef QTAP_CONFIG_H
#define QTAP_CONFIG_H

#include <qtap/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qtap_config qtap_config;

/** Log levels, most severe first. @since 0.1 */
enum qtap_log_level {
  QTAP_LOG_ERROR = 0,
  QTAP_LOG_WARN = 1,
  QTAP_LOG_INFO = 2,
  QTAP_LOG_DEBUG = 3
};

/**
 * Receives one finished log line: no trailing newline, never plain text or a secret. `message` is
 * NUL-terminated and borrowed until the function returns. May be called from the session's worker
 * threads: it must be thread-safe, must not call into libqtap, throw or longjmp. @since 0.1
 */
typedef void (*qtap_log_fn)(int level, const char* message, void* user);

/** One row of the option table. All text is static. @since 0.1 */
struct qtap_option {
  size_t size;      /**< bytes of this struct that the library filled; it only grows */
  const char* key;  /**< e.g. "capture.body_buffer"; `*` stands for a name, `[]` for an index */
  const char* type; /**< "bool", "int", "size", "duration", "text", "word", ... */
  const char* default_text; /**< as one would write it; "" = none */
  const char* help;         /**< one sentence */
  const char* since;        /**< first version that has it */
};

/**
 * Creates an empty configuration: every option has its default, and there is no store and no
 * plugin, so that a session made from it serves callbacks only. *ret is the caller's, to be freed
 * with qtap_config_free(); it is left alone on failure. Errors: QTAP_ERR_INVALID (ret is NULL),
 * QTAP_ERR_NOMEM. Any thread. @since 0.1
 */
QTAP_API int qtap_config_new(qtap_config** ret);

/** Frees a configuration; NULL is fine. @since 0.1 */
QTAP_API void qtap_config_free(qtap_config* config);

/**
 * Sets one option, e.g. ("tap.direction", "egress") or ("services.object_stores[0].dir", "/tmp/o").
 * Both texts are NUL-terminated and copied. Sizes read "2mb", durations "250ms" (spec:
 * docs/options.md). Errors: QTAP_ERR_INVALID (unknown key, with the nearest known one; value of the
 * wrong type or out of range), QTAP_ERR_UNSUPPORTED (known, but not in this build or version),
 * QTAP_ERR_NOMEM; the text is in qtap_config_error().
 * @since 0.1
 */
QTAP_API int qtap_config_set(qtap_config* config, const char* key, const char* value);

/**
 * Reads a YAML document of `len` bytes (at most 1 MiB) and adds its options to the configuration;
 * nothing is changed when anything in it is wrong. Errors as for qtap_config_set(); the text then
 * holds one line per mistake, at most 20, each beginning with its message id and its place,
 * "QT104: config:LINE:COLUMN: error: ". @since 0.1
 */
QTAP_API int qtap_config_parse(qtap_config* config, const char* yaml, size_t len);

/** The same, and `name` stands for "config" in the error lines: a file's name. @since 0.1 */
QTAP_API int qtap_config_parse_named(qtap_config* config, const char* yaml, size_t len,
                                     const char* name);

/** Sets where log lines go; NULL = nowhere (default). `user` is handed to the function, never
 * touched. @since 0.1 */
QTAP_API void qtap_config_set_logger(qtap_config* config, qtap_log_fn fn, void* user);

/**
 * The text of the last error of a call on this configuration, "" when there was none. It starts
 * with its message id, "QT104: ...", see docs/messages.yaml; ids never change their meaning.
 * Borrowed until the next call on this configuration. @since 0.1
 */
QTAP_API const char* qtap_config_error(qtap_config* config);

/** Row `index` of the option table, NULL past the end. Static storage. Any thread. @since 0.1 */
QTAP_API const struct qtap_option* qtap_option_at(size_t index);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_CONFIG_H */
