// SPDX-License-Identifier: Apache-2.0
// Which function of the C ABI may be called where, one row each; the table in qtap/session.h in
// words. capi/boundary.h enforces it, tests/abi/symbols.py compares its names to the headers.
#pragma once

#include <cstdint>
#include <string_view>

namespace qtap::capi {

// From inside a callback or a sink's call, of the session that the call is about.
enum class InCallback : uint8_t {
  kAllowed,
  kBusy,     // QTAP_ERR_BUSY
  kIgnored,  // has no return value to say so: logged
};

// On another thread while a call on the same session runs.
enum class OtherThread : uint8_t {
  kAllowed,
  kBusy,       // QTAP_ERR_BUSY, although nobody may rely on it
  kUndefined,  // the caller's mistake that we cannot see
};

struct Call {
  std::string_view name;
  InCallback in_callback;
  OtherThread other_thread;
  bool in_signal_handler = false;
};

namespace table {

using In = InCallback;
using Other = OtherThread;

inline constexpr Call kCalls[] = {
    {"qtap_session_set_callbacks", In::kBusy, Other::kBusy},
    {"qtap_session_add_sink", In::kBusy, Other::kBusy},
    {"qtap_session_start", In::kBusy, Other::kBusy},
    {"qtap_session_poll", In::kBusy, Other::kBusy},
    {"qtap_session_run", In::kBusy, Other::kBusy},
    {"qtap_session_flush", In::kBusy, Other::kBusy},
    {"qtap_session_free", In::kIgnored, Other::kUndefined},
    {"qtap_session_fd", In::kAllowed, Other::kUndefined},
    {"qtap_session_done", In::kAllowed, Other::kUndefined},
    {"qtap_session_error", In::kAllowed, Other::kUndefined},
    {"qtap_session_attached_at", In::kAllowed, Other::kUndefined},
    {"qtap_session_stats", In::kAllowed, Other::kAllowed},
    {"qtap_session_stop", In::kAllowed, Other::kAllowed, /*in_signal_handler=*/true},
    {"qtap_feed_open", In::kBusy, Other::kBusy},
    {"qtap_feed_data", In::kBusy, Other::kBusy},
    {"qtap_feed_gap", In::kBusy, Other::kBusy},
    {"qtap_feed_close", In::kBusy, Other::kBusy},
    {"qtap_feed_tick", In::kBusy, Other::kBusy},

    // No session is involved: what matters is whose the object is.
    {"qtap_session_new", In::kAllowed, Other::kAllowed},
    {"qtap_config_new", In::kAllowed, Other::kAllowed},
    {"qtap_config_free", In::kAllowed, Other::kAllowed},
    {"qtap_config_set", In::kAllowed, Other::kAllowed},
    {"qtap_config_parse", In::kAllowed, Other::kAllowed},
    {"qtap_config_parse_named", In::kAllowed, Other::kAllowed},
    {"qtap_config_set_logger", In::kAllowed, Other::kAllowed},
    {"qtap_config_error", In::kAllowed, Other::kAllowed},
    {"qtap_option_at", In::kAllowed, Other::kAllowed},
    {"qtap_field_at", In::kAllowed, Other::kAllowed},
    {"qtap_connection_ref", In::kAllowed, Other::kAllowed},
    {"qtap_connection_unref", In::kAllowed, Other::kAllowed},
    {"qtap_connection_field", In::kAllowed, Other::kAllowed},
    {"qtap_transaction_ref", In::kAllowed, Other::kAllowed},
    {"qtap_transaction_unref", In::kAllowed, Other::kAllowed},
    {"qtap_transaction_field", In::kAllowed, Other::kAllowed},
    {"qtap_transaction_connection", In::kAllowed, Other::kAllowed},
    {"qtap_transaction_header_at", In::kAllowed, Other::kAllowed},
    {"qtap_transaction_body", In::kAllowed, Other::kAllowed},
    {"qtap_transaction_decoded_body", In::kAllowed, Other::kAllowed},
    {"qtap_event_ref", In::kAllowed, Other::kAllowed},
    {"qtap_event_unref", In::kAllowed, Other::kAllowed},
    {"qtap_event_field", In::kAllowed, Other::kAllowed},
    {"qtap_event_json", In::kAllowed, Other::kAllowed},
    {"qtap_object_ref", In::kAllowed, Other::kAllowed},
    {"qtap_object_unref", In::kAllowed, Other::kAllowed},
    {"qtap_object_field", In::kAllowed, Other::kAllowed},
    {"qtap_object_data", In::kAllowed, Other::kAllowed},
    {"qtap_http_decoder_data", In::kAllowed, Other::kAllowed},
    {"qtap_http_decoder_end", In::kAllowed, Other::kAllowed},
    {"qtap_http_decoder_free", In::kAllowed, Other::kAllowed},
    {"qtap_http_decoder_gap", In::kAllowed, Other::kAllowed},
    {"qtap_http_decoder_new", In::kAllowed, Other::kAllowed},
    {"qtap_http_exchange_ref", In::kAllowed, Other::kAllowed},
    {"qtap_http_exchange_unref", In::kAllowed, Other::kAllowed},
    {"qtap_http_field_at", In::kAllowed, Other::kAllowed},
    {"qtap_http_media_type_fault", In::kAllowed, Other::kAllowed},
    {"qtap_http_media_type_free", In::kAllowed, Other::kAllowed},
    {"qtap_http_media_type_parameter_at", In::kAllowed, Other::kAllowed},
    {"qtap_http_media_type_parse", In::kAllowed, Other::kAllowed},
    {"qtap_http_media_type_subtype", In::kAllowed, Other::kAllowed},
    {"qtap_http_media_type_suffix", In::kAllowed, Other::kAllowed},
    {"qtap_http_media_type_type", In::kAllowed, Other::kAllowed},
    {"qtap_http_message_get", In::kAllowed, Other::kAllowed},
    {"qtap_http_parser_data", In::kAllowed, Other::kAllowed},
    {"qtap_http_parser_end", In::kAllowed, Other::kAllowed},
    {"qtap_http_parser_free", In::kAllowed, Other::kAllowed},
    {"qtap_http_parser_gap", In::kAllowed, Other::kAllowed},
    {"qtap_http_parser_new", In::kAllowed, Other::kAllowed},
    {"qtap_http_parser_stats", In::kAllowed, Other::kAllowed},
    {"qtap_rule_call_copy", In::kAllowed, Other::kAllowed},
    {"qtap_rule_call_fail", In::kAllowed, Other::kAllowed},
    {"qtap_rule_compile", In::kAllowed, Other::kAllowed},
    {"qtap_rule_compile_with", In::kAllowed, Other::kAllowed},
    {"qtap_rule_eval", In::kAllowed, Other::kAllowed},
    {"qtap_rule_eval_table", In::kAllowed, Other::kAllowed},
    {"qtap_rule_excerpt", In::kAllowed, Other::kAllowed},
    {"qtap_rule_explain", In::kAllowed, Other::kAllowed},
    {"qtap_rule_field_at", In::kAllowed, Other::kAllowed},
    {"qtap_rule_free", In::kAllowed, Other::kAllowed},
    {"qtap_rule_library_free", In::kAllowed, Other::kAllowed},
    {"qtap_rule_library_new", In::kAllowed, Other::kAllowed},
    {"qtap_rule_result_free", In::kAllowed, Other::kAllowed},
    {"qtap_rule_result_issue_at", In::kAllowed, Other::kAllowed},
    {"qtap_rule_result_missing_at", In::kAllowed, Other::kAllowed},
    {"qtap_rule_result_outcome", In::kAllowed, Other::kAllowed},
    {"qtap_rule_result_rest", In::kAllowed, Other::kAllowed},
    {"qtap_rule_result_value", In::kAllowed, Other::kAllowed},
    {"qtap_rule_set_eval", In::kAllowed, Other::kAllowed},
    {"qtap_rule_set_field_at", In::kAllowed, Other::kAllowed},
    {"qtap_rule_set_free", In::kAllowed, Other::kAllowed},
    {"qtap_rule_set_new", In::kAllowed, Other::kAllowed},
    {"qtap_rule_text", In::kAllowed, Other::kAllowed},
    {"qtap_rule_warning_at", In::kAllowed, Other::kAllowed},
    {"qtap_s3_chunked_length", In::kAllowed, Other::kAllowed},
    {"qtap_s3_chunks_data", In::kAllowed, Other::kAllowed},
    {"qtap_s3_chunks_end", In::kAllowed, Other::kAllowed},
    {"qtap_s3_chunks_free", In::kAllowed, Other::kAllowed},
    {"qtap_s3_chunks_new", In::kAllowed, Other::kAllowed},
    {"qtap_s3_presign", In::kAllowed, Other::kAllowed},
    {"qtap_s3_sign", In::kAllowed, Other::kAllowed},
    {"qtap_s3_signed_free", In::kAllowed, Other::kAllowed},
    {"qtap_s3_signed_header_at", In::kAllowed, Other::kAllowed},
    {"qtap_s3_signed_text", In::kAllowed, Other::kAllowed},
    {"qtap_s3_signer_free", In::kAllowed, Other::kAllowed},
    {"qtap_s3_signer_new", In::kAllowed, Other::kAllowed},
    {"qtap_version", In::kAllowed, Other::kAllowed},
    {"qtap_status_name", In::kAllowed, Other::kAllowed},
};

}  // namespace table

// The row of a function; does not compile for a name without one.
consteval Call call(std::string_view name) {
  for (const Call& row : table::kCalls) {
    if (row.name == name) return row;
  }
  return *static_cast<const Call*>(nullptr);
}

}  // namespace qtap::capi
