/* SPDX-License-Identifier: Apache-2.0 */
/* Every function takes NULL for every pointer and says so; symbols.py checks that every function is
 * here. */
#include "abi.h"

static int no_lookup(void* user, struct qtap_str name, struct qtap_value* ret) {
  (void)user;
  (void)name;
  (void)ret;
  return QTAP_ERR_NOTFOUND;
}

static void configs(void) {
  qtap_config* config = NULL;

  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_new(NULL));
  CHECK_STATUS(QTAP_OK, qtap_config_new(&config));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_set(NULL, "capture.source", "feed"));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_set(config, NULL, "feed"));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_set(config, "capture.source", NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_parse(NULL, "", 0));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_parse(config, NULL, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_parse_named(NULL, "", 0, "x"));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_parse_named(config, NULL, 1, "x"));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_parse_named(config, "", 0, NULL));
  qtap_config_set_logger(NULL, NULL, NULL);
  qtap_config_set_logger(config, NULL, NULL);
  CHECK(strcmp(qtap_config_error(NULL), "") == 0);
  CHECK(qtap_option_at(SIZE_MAX) == NULL);
  qtap_config_free(NULL);
  qtap_config_free(config);
}

static void sessions(void) {
  struct qtap_stats stats;
  qtap_session* s = NULL;

  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_new(NULL, NULL));
  CHECK_STATUS(QTAP_OK, qtap_session_new(&s, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_set_callbacks(NULL, NULL, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_set_callbacks(s, NULL, NULL));
  CHECK(abi_has_id(qtap_session_error(s)));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_add_sink(NULL, NULL, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_add_sink(s, NULL, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_start(NULL));
  CHECK(qtap_session_fd(NULL) < 0);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_poll(NULL, 0));
  CHECK(qtap_session_done(NULL) == 0);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_run(NULL));
  qtap_session_stop(NULL);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_flush(NULL, 0));
  memset(&stats, 0, sizeof stats);
  stats.size = sizeof stats;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_stats(NULL, &stats));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_stats(s, NULL));
  CHECK(qtap_session_attached_at(NULL, 0) == NULL);
  CHECK(qtap_session_attached_at(s, SIZE_MAX) == NULL);
  CHECK(strcmp(qtap_session_error(NULL), "") == 0);
  qtap_session_free(NULL);
  qtap_session_free(s);
}

static void feeds(void) {
  struct qtap_peer peer;
  qtap_session* s = abi_feed_session();
  uint64_t id = 7;

  memset(&peer, 0, sizeof peer);
  peer.size = sizeof peer;
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_open(NULL, &peer, ABI_START, &id));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_open(s, NULL, ABI_START, &id));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_open(s, &peer, ABI_START, NULL));
  peer.exe.len = 5;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_open(s, &peer, ABI_START, &id));
  CHECK(id == 7); /* written only on success */
  CHECK_STATUS(QTAP_OK, abi_open(s, &id));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_data(NULL, id, QTAP_DIR_SENT, ABI_START, "x", 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_data(s, id, QTAP_DIR_SENT, ABI_START, NULL, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_data(s, id, QTAP_DIR_SENT, ABI_START, NULL, 0));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_data(s, id, QTAP_DIR_SENT, ABI_START, "x", 0));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_gap(s, id, QTAP_DIR_SENT, 0));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_data(s, id, 2, ABI_START, "x", 1));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_feed_data(s, id + 1, QTAP_DIR_SENT, ABI_START, "x", 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_gap(NULL, id, QTAP_DIR_SENT, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_gap(s, id, -1, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_close(NULL, id, ABI_START));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_tick(NULL, ABI_START));
  qtap_session_free(s);
}

static void nouns(void) {
  struct qtap_value value;
  struct qtap_str str;

  CHECK(qtap_field_at(SIZE_MAX) == NULL);
  CHECK(qtap_connection_ref(NULL) == NULL);
  CHECK(qtap_transaction_ref(NULL) == NULL);
  CHECK(qtap_event_ref(NULL) == NULL);
  CHECK(qtap_object_ref(NULL) == NULL);
  qtap_connection_unref(NULL);
  qtap_transaction_unref(NULL);
  qtap_event_unref(NULL);
  qtap_object_unref(NULL);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_connection_field(NULL, "src.ip", &value));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_field(NULL, "src.ip", &value));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_event_field(NULL, "event.type", &value));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_object_field(NULL, "object.type", &value));
  CHECK(qtap_transaction_connection(NULL) == NULL);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_header_at(NULL, QTAP_REQUEST, 0, &str, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_body(NULL, QTAP_REQUEST, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_decoded_body(NULL, QTAP_REQUEST, &str, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_event_json(NULL, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_object_data(NULL, &str));
}

/* The getters of a living transaction. */
static int on_transaction(const qtap_transaction* tx, void* user) {
  struct qtap_value value;
  struct qtap_str str = {NULL, 0};

  ++*(int*)user;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_field(tx, NULL, &value));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_field(tx, "http.res.status", NULL));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_transaction_field(tx, "no.such.field", &value));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_transaction_field(tx, "", &value));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_header_at(tx, QTAP_REQUEST, 0, NULL, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_header_at(tx, QTAP_REQUEST, 0, &str, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_header_at(tx, 2, 0, &str, &str));
  CHECK_STATUS(QTAP_ERR_NOTFOUND,
               qtap_transaction_header_at(tx, QTAP_RESPONSE, SIZE_MAX, &str, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_body(tx, QTAP_RESPONSE, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_body(tx, -1, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_decoded_body(tx, QTAP_RESPONSE, NULL, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_transaction_decoded_body(tx, 2, &str, NULL));
  CHECK(str.data == NULL); /* none of these wrote it */
  return 0;
}

static void getters(void) {
  struct qtap_callbacks cb = {sizeof cb, NULL, NULL, on_transaction, NULL, NULL, NULL};
  qtap_session* s = abi_feed_session();
  int count = 0;

  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb, &count));
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  CHECK(count == 1);
  qtap_session_free(s);
}

static void explained(const qtap_rule* rule) {
  struct qtap_rule_issue issue = {0};
  struct qtap_value value;
  struct qtap_str str;
  struct qtap_rule_error warning = {0};
  qtap_rule_result* result = NULL;

  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_explain(NULL, no_lookup, NULL, &result));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_explain(rule, NULL, NULL, &result));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_explain(rule, no_lookup, NULL, NULL));
  CHECK_STATUS(QTAP_OK, qtap_rule_explain(rule, no_lookup, NULL, &result));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_result_outcome(NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_result_value(NULL, &value));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_result_value(result, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_result_missing_at(NULL, 0, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_result_missing_at(result, 0, NULL));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_rule_result_missing_at(result, SIZE_MAX, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_result_issue_at(NULL, 0, &issue));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_result_issue_at(result, 0, NULL));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_rule_result_issue_at(result, SIZE_MAX, &issue));
  CHECK(qtap_rule_result_rest(NULL).len == 0);
  qtap_rule_result_free(result);
  qtap_rule_result_free(NULL);

  CHECK(qtap_rule_text(NULL).len == 0);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_field_at(NULL, 0, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_field_at(rule, 0, NULL));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_rule_field_at(rule, SIZE_MAX, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_warning_at(NULL, 0, &warning));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_warning_at(rule, 0, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_warning_at(rule, 0, &warning)); /* no size */
  CHECK(qtap_rule_excerpt(NULL, 1, 1, 1, NULL, 0) == 0);
  CHECK(qtap_rule_excerpt("x", 1, 1, 1, NULL, 1) == 0);
}

static void sets(const qtap_rule* rule) {
  const qtap_rule* rules[2] = {rule, NULL};
  const struct qtap_value* values[1] = {NULL};
  struct qtap_rule_hit hit;
  struct qtap_str str;
  qtap_rule_set* set = NULL;
  size_t count = 7;
  int match = 7;

  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval_table(NULL, values, 0, &match));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval_table(rule, NULL, 1, &match));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval_table(rule, values, 1, &match));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval_table(rule, NULL, 0, NULL));
  CHECK_STATUS(QTAP_OK, qtap_rule_eval_table(rule, NULL, 0, &match));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_new(NULL, 1, &set));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_new(rules, 2, &set));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_new(rules, 1, NULL));
  CHECK_STATUS(QTAP_OK, qtap_rule_set_new(NULL, 0, &set));
  CHECK_STATUS(QTAP_OK, qtap_rule_set_eval(set, 0, no_lookup, NULL, NULL, 0, &count));
  CHECK(count == 0);
  qtap_rule_set_free(set);
  CHECK_STATUS(QTAP_OK, qtap_rule_set_new(rules, 1, &set));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_field_at(NULL, 0, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_field_at(set, 0, NULL));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_rule_set_field_at(set, SIZE_MAX, &str));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_eval(NULL, 0, no_lookup, NULL, &hit, 1, &count));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_eval(set, 0, NULL, NULL, &hit, 1, &count));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_eval(set, 0, no_lookup, NULL, NULL, 1, &count));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_eval(set, 0, no_lookup, NULL, &hit, 1, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_set_eval(set, 2, no_lookup, NULL, &hit, 1, &count));
  CHECK(count == 0);
  qtap_rule_set_free(set);
  qtap_rule_set_free(NULL);
}

static void libraries(void) {
  struct qtap_rule_names names = {0};
  qtap_rule_library* library = NULL;

  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_library_new(NULL, &library, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_library_new(&names, &library, NULL)); /* no size */
  names.size = sizeof names;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_library_new(&names, NULL, NULL));
  CHECK_STATUS(QTAP_OK, qtap_rule_library_new(&names, &library, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_compile_with(library, NULL, 1, NULL, NULL));
  qtap_rule_library_free(library);
  qtap_rule_library_free(NULL);
  CHECK(qtap_rule_call_copy(NULL, "x", 1) == NULL);
  CHECK_STATUS(QTAP_ERR_IO, qtap_rule_call_fail(NULL, QTAP_ERR_IO, "why"));
}

static void rules(void) {
  struct qtap_rule_error why;
  qtap_rule* rule = NULL;
  int match = 7;

  memset(&why, 0, sizeof why);
  why.size = sizeof why;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_compile(NULL, 1, &rule, &why));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_compile("true", 4, NULL, &why));
  CHECK_STATUS(QTAP_OK, qtap_rule_compile("true", 4, &rule, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval(NULL, no_lookup, NULL, &match));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval(rule, NULL, NULL, &match));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval(rule, no_lookup, NULL, NULL));
  CHECK(match == 7);
  CHECK_STATUS(QTAP_OK, qtap_rule_eval(rule, no_lookup, NULL, &match));
  CHECK(match == 1);
  explained(rule);
  sets(rule);
  qtap_rule_free(rule);
  qtap_rule_free(NULL);
  libraries();
}

static void no_decoded(const void* bytes, size_t len, void* user) {
  (void)bytes, (void)len, (void)user;
}

static void http_parsers(void) {
  struct qtap_http_callbacks none = {sizeof none, NULL, NULL, NULL, NULL, NULL};
  struct qtap_http_stats stats;
  struct qtap_http_message message;
  struct qtap_str name, value;
  qtap_http_parser* p = NULL;

  memset(&stats, 0, sizeof stats);
  memset(&message, 0, sizeof message);
  stats.size = sizeof stats;
  message.size = sizeof message;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_new(NULL, NULL, NULL, &p));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_new(NULL, &none, NULL, NULL));
  CHECK(p == NULL);
  CHECK_STATUS(QTAP_OK, qtap_http_parser_new(NULL, &none, NULL, &p));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_data(NULL, 0, 0, "", 0));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_data(p, 0, 0, NULL, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_data(p, 2, 0, "x", 1));
  CHECK_STATUS(QTAP_OK, qtap_http_parser_data(p, 0, 0, NULL, 0));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_gap(NULL, 0, 0, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_end(NULL, 0, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_stats(NULL, &stats));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_parser_stats(p, NULL));
  CHECK_STATUS(QTAP_OK, qtap_http_parser_stats(p, &stats));
  CHECK_STATUS(QTAP_OK, qtap_http_parser_end(p, 0, 1));
  CHECK_STATUS(QTAP_ERR_STATE, qtap_http_parser_data(p, 0, 0, "x", 1));
  qtap_http_parser_free(p);
  qtap_http_parser_free(NULL);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_message_get(NULL, 0, &message));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_field_at(NULL, 0, 0, &name, &value));
  CHECK(qtap_http_exchange_ref(NULL) == NULL);
  qtap_http_exchange_unref(NULL);
}

static void http_content(void) {
  struct qtap_str name, value;
  qtap_http_decoder* d = NULL;
  qtap_http_media_type* m = NULL;
  size_t offset = 7;

  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_decoder_new(NULL, 1, NULL, no_decoded, NULL, &d));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_decoder_new("gzip", 4, NULL, NULL, NULL, &d));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_decoder_new("gzip", 4, NULL, no_decoded, NULL, NULL));
  CHECK_STATUS(QTAP_OK, qtap_http_decoder_new(NULL, 0, NULL, no_decoded, NULL, &d));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_decoder_data(NULL, "x", 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_decoder_data(d, NULL, 1));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_decoder_gap(NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_decoder_end(NULL));
  qtap_http_decoder_free(d);
  qtap_http_decoder_free(NULL);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_media_type_parse(NULL, 1, &m));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_media_type_parse("a/b", 3, NULL));
  CHECK_STATUS(QTAP_OK, qtap_http_media_type_parse("a/b", 3, &m));
  CHECK(qtap_http_media_type_type(NULL).len == 0);
  CHECK(qtap_http_media_type_subtype(NULL).len == 0);
  CHECK(qtap_http_media_type_suffix(NULL).len == 0);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_media_type_parameter_at(NULL, 0, &name, &value));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_http_media_type_parameter_at(m, 0, NULL, &value));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_http_media_type_parameter_at(m, 0, &name, &value));
  CHECK(strlen(qtap_http_media_type_fault(NULL, &offset)) == 0 && offset == 0);
  CHECK(strlen(qtap_http_media_type_fault(m, NULL)) == 0);
  qtap_http_media_type_free(m);
  qtap_http_media_type_free(NULL);
}

static void signing(void) {
  struct qtap_s3_error error = {sizeof error, ""};
  struct qtap_s3_options options = {0};
  struct qtap_s3_request request = {0};
  struct qtap_s3_header header = {{"host", 4}, {"a", 1}};
  struct qtap_str out = {NULL, 0};
  qtap_s3_signer* signer = NULL;
  qtap_s3_signed* made = NULL;
  qtap_s3_chunks* chunks = NULL;
  uint64_t length = 0;

  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_signer_new(NULL, &signer, &error));
  CHECK(abi_has_id(error.text));
  options.size = sizeof options;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_signer_new(&options, &signer, NULL));
  options.access_key_id = options.secret_access_key = options.region = header.value;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_signer_new(&options, NULL, &error));
  CHECK_STATUS(QTAP_OK, qtap_s3_signer_new(&options, &signer, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_sign(signer, NULL, &made, &error));
  request.size = sizeof request;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_sign(signer, &request, &made, NULL));
  request.method = header.value;
  request.target.data = "/";
  request.target.len = 1;
  request.header_count = 1;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_sign(signer, &request, &made, &error));
  request.headers = &header;
  request.trailer_count = 1;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_sign(signer, &request, &made, &error));
  request.trailer_count = 0;
  request.payload = QTAP_S3_SIGNED_CHUNKS;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_sign(NULL, &request, &made, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_sign(signer, &request, NULL, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_presign(NULL, &request, 1, &made, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_presign(signer, &request, 1, NULL, &error));
  CHECK_STATUS(QTAP_ERR_UNSUPPORTED, qtap_s3_presign(signer, &request, 1, &made, &error));
  CHECK_STATUS(QTAP_OK, qtap_s3_sign(signer, &request, &made, NULL));
  CHECK(qtap_s3_signed_text(NULL, QTAP_S3_SIGNATURE).len == 0);
  CHECK(qtap_s3_signed_text(made, QTAP_S3_SIGNATURE).len == 64);
  CHECK(qtap_s3_signed_text(made, 99).len == 0);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_signed_header_at(NULL, 0, &header));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_signed_header_at(made, 0, NULL));
  CHECK_STATUS(QTAP_ERR_NOTFOUND, qtap_s3_signed_header_at(made, 99, &header));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_new(NULL, made, 0, &chunks, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_new(signer, NULL, 0, &chunks, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_new(signer, made, 0, NULL, &error));
  CHECK_STATUS(QTAP_OK, qtap_s3_chunks_new(signer, made, 0, &chunks, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_data(NULL, "", 0, &out, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_data(chunks, NULL, 1, &out, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_data(chunks, "", 0, NULL, &error));
  CHECK_STATUS(QTAP_OK, qtap_s3_chunks_data(chunks, NULL, 0, &out, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_end(NULL, NULL, 0, &out, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_end(chunks, NULL, 1, &out, &error));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_chunks_end(chunks, NULL, 0, NULL, &error));
  CHECK_STATUS(QTAP_OK, qtap_s3_chunks_end(chunks, NULL, 0, &out, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID,
               qtap_s3_chunked_length(QTAP_S3_SIGNED_CHUNKS, 0, 0, NULL, 1, &length));
  CHECK_STATUS(QTAP_ERR_INVALID,
               qtap_s3_chunked_length(QTAP_S3_SIGNED_CHUNKS, 0, 0, NULL, 0, NULL));
  CHECK_STATUS(QTAP_OK, qtap_s3_chunked_length(QTAP_S3_SIGNED_CHUNKS, 0, 0, NULL, 0, &length));
  CHECK(length == out.len);
  error.size = 0;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_s3_sign(signer, &request, &made, &error));
  qtap_s3_chunks_free(chunks);
  qtap_s3_chunks_free(NULL);
  qtap_s3_signed_free(made);
  qtap_s3_signed_free(NULL);
  qtap_s3_signer_free(signer);
  qtap_s3_signer_free(NULL);
}

int main(void) {
  CHECK(strcmp(qtap_version(), QTAP_VERSION) == 0);
  CHECK(strcmp(qtap_status_name(-5), "QTAP_ERR_PERM") == 0);
  CHECK(strcmp(qtap_status_name(12345), "QTAP_ERR_UNKNOWN") == 0);
  configs();
  sessions();
  feeds();
  http_parsers();
  http_content();
  nouns();
  getters();
  rules();
  signing();
  return failed_checks != 0;
}
