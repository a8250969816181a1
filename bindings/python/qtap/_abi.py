# SPDX-License-Identifier: Apache-2.0
"""The C ABI as ctypes tables, nothing clever. tests/abi/ctypes_sync.py proves them equal to the headers."""
import ctypes
import os
import pathlib
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint8, c_uint16,
                    c_uint32, c_uint64, c_void_p)

STATUS = {
    "QTAP_OK": 0, "QTAP_WARN_PARTIAL": 1, "QTAP_ERR_INVALID": -1, "QTAP_ERR_NOMEM": -2, "QTAP_ERR_STATE": -3,
    "QTAP_ERR_BUSY": -4, "QTAP_ERR_PERM": -5, "QTAP_ERR_UNSUPPORTED": -6, "QTAP_ERR_NOTFOUND": -7, "QTAP_ERR_IO": -8,
    "QTAP_ERR_CALLBACK": -9, "QTAP_ERR_AGAIN": -10, "QTAP_ERR_TIMEOUT": -11, "QTAP_ERR_CORRUPT": -12,
    "QTAP_ERR_LIMIT": -13, "QTAP_ERR_INTERNAL": -14,
}
VALUE_TYPE = {
    "QTAP_VALUE_NULL": 0, "QTAP_VALUE_BOOL": 1, "QTAP_VALUE_INT64": 2, "QTAP_VALUE_UINT64": 3, "QTAP_VALUE_DOUBLE": 4,
    "QTAP_VALUE_STRING": 5, "QTAP_VALUE_BYTES": 6, "QTAP_VALUE_IP": 7, "QTAP_VALUE_CIDR": 8, "QTAP_VALUE_MAC": 9,
    "QTAP_VALUE_LIST": 10, "QTAP_VALUE_STRING_LIST": 11, "QTAP_VALUE_MAP": 12,
    "QTAP_VALUE_HEX": 13, "QTAP_VALUE_REGEX": 14,
}
OTHER = {
    "QTAP_LOG_ERROR": 0, "QTAP_LOG_WARN": 1, "QTAP_LOG_INFO": 2, "QTAP_LOG_DEBUG": 3,
    "QTAP_DIR_SENT": 0, "QTAP_DIR_RECEIVED": 1, "QTAP_REQUEST": 0, "QTAP_RESPONSE": 1,
    "QTAP_CONN_OPEN": 0, "QTAP_CONN_UPDATE": 1, "QTAP_CONN_CLOSE": 2,
    "QTAP_ROLE_ANY": 0, "QTAP_ROLE_CONNECTED": 1, "QTAP_ROLE_ACCEPTED": 2,
    "QTAP_HTTP_AUTO": 0, "QTAP_HTTP_1": 1, "QTAP_HTTP_2": 2, "QTAP_HTTP_REQUEST": 0, "QTAP_HTTP_RESPONSE": 1,
    "QTAP_HTTP_JOINED_LATE": 1, "QTAP_HTTP_ZERO_ASKS": 2, "QTAP_HTTP_ONE_ASKS": 4, "QTAP_HTTP_NO_BODIES": 8,
    "QTAP_HTTP_WHOLE": 0, "QTAP_HTTP_BODY_BUFFER": 1, "QTAP_HTTP_LOSS": 2, "QTAP_HTTP_MIDSTREAM": 3,
    "QTAP_HTTP_ABORTED": 4, "QTAP_HTTP_STOPPED": 5, "QTAP_HTTP_LIMIT": 6,
    "QTAP_HTTP_COMPLETE": 1, "QTAP_HTTP_FRAMING_CONFLICT": 2, "QTAP_HTTP_PATH_UNKNOWN": 4, "QTAP_HTTP_NO_MESSAGE": 8,
    "QTAP_HTTP_DECODING": 0, "QTAP_HTTP_DECODED": 1, "QTAP_HTTP_DECODE_TRUNCATED": 2, "QTAP_HTTP_DECODE_CORRUPT": 3,
    "QTAP_HTTP_DECODE_LIMIT": 4, "QTAP_HTTP_DECODE_GAP": 5,
    "QTAP_DECODE_NONE": 0, "QTAP_DECODE_COMPLETE": 1, "QTAP_DECODE_TRUNCATED": 2, "QTAP_DECODE_CORRUPT": 3,
    "QTAP_DECODE_LIMIT": 4, "QTAP_DECODE_GAP": 5, "QTAP_DECODE_UNSUPPORTED": 6,
    "QTAP_STREAM_GRPC": 1, "QTAP_STREAM_WEBSOCKET": 2, "QTAP_STREAM_SSE": 3,
    "QTAP_MSG_COMPRESSED": 1, "QTAP_MSG_TRUNCATED": 2, "QTAP_MSG_INCOMPLETE": 4, "QTAP_MSG_AFTER_LOSS": 8,
    "QTAP_MSG_UNDECODED": 16, "QTAP_MSG_BAD": 32,
    "QTAP_RULE_FALSE": 0, "QTAP_RULE_TRUE": 1, "QTAP_RULE_UNKNOWN": 2, "QTAP_RULE_FAILED": 3,
    "QTAP_RULE_MISSING_FIELD": 0, "QTAP_RULE_LOOKUP_FAILED": 1, "QTAP_RULE_FUNCTION_FAILED": 2, "QTAP_RULE_LIMIT": 3,
    "QTAP_RULE_SET_ALL": 1, "QTAP_RULE_UNKNOWN_FIELDS_FAIL": 1, "QTAP_RULE_TRANSACTION_FIELDS": 2,
    "QTAP_S3_RULES_S3": 0, "QTAP_S3_RULES_GENERIC": 1, "QTAP_S3_KEEP_PATH": 1, "QTAP_S3_ENCODE_ONCE": 2,
    "QTAP_S3_CONTENT_SHA256": 4, "QTAP_S3_LATE_TOKEN": 8, "QTAP_S3_SIGNED": 0, "QTAP_S3_UNSIGNED": 1,
    "QTAP_S3_SIGNED_CHUNKS": 2, "QTAP_S3_SIGNED_CHUNKS_TRAILER": 3, "QTAP_S3_UNSIGNED_CHUNKS_TRAILER": 4,
    "QTAP_S3_CANONICAL_REQUEST": 0, "QTAP_S3_STRING_TO_SIGN": 1, "QTAP_S3_SIGNATURE": 2, "QTAP_S3_SIGNED_HEADERS": 3,
    "QTAP_S3_TARGET": 4,
    "QTAP_BODY_FIRST": 1, "QTAP_BODY_LAST": 2, "QTAP_BODY_TRUNCATED": 4, "QTAP_BODY_LENGTH_UNKNOWN": 8,
}


class Str(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]


class Value(Structure):
    pass


Value._fields_ = [
    ("type", c_int), ("family", c_int), ("bits", c_uint32), ("flags", c_uint32), ("i", c_int64), ("u", c_uint64),
    ("d", c_double), ("s", Str), ("ip", c_uint8 * 16), ("items", POINTER(Value)), ("count", c_size_t),
    ("reserved", c_uint64 * 2)]


class Option(Structure):
    _fields_ = [("size", c_size_t), ("key", c_char_p), ("type", c_char_p), ("default_text", c_char_p),
                ("help", c_char_p), ("since", c_char_p)]


class Field(Structure):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("type", c_char_p), ("help", c_char_p), ("since", c_char_p)]


class Data(Structure):
    _fields_ = [("size", c_size_t), ("direction", c_int), ("is_tls", c_int), ("time_ns", c_uint64),
                ("offset", c_uint64), ("lost_before", c_uint64), ("bytes", c_void_p), ("len", c_size_t)]


ON_CONNECTION = CFUNCTYPE(c_int, c_void_p, c_int, c_void_p)
ON_DATA = CFUNCTYPE(c_int, c_void_p, POINTER(Data), c_void_p)
ON_NOUN = CFUNCTYPE(c_int, c_void_p, c_void_p)
LOG = CFUNCTYPE(None, c_int, c_char_p, c_void_p)
LOOKUP = CFUNCTYPE(c_int, c_void_p, Str, POINTER(Value))
LOCATE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_size_t)
FLUSH = CFUNCTYPE(c_int, c_void_p, c_int)
CLOSE = CFUNCTYPE(None, c_void_p)
PUT = CFUNCTYPE(c_int, c_void_p, c_void_p)


class BodyChunk(Structure):
    _fields_ = [("size", c_size_t), ("transaction_id", c_char_p), ("connection_id", c_char_p), ("message", c_int),
                ("direction", c_int), ("flags", c_uint32), ("offset", c_uint64), ("missing", c_uint64),
                ("bytes", c_void_p), ("len", c_size_t)]


PUT_BODY = CFUNCTYPE(c_int, c_void_p, POINTER(BodyChunk))


class StreamMessage(Structure):
    _fields_ = [("size", c_size_t), ("protocol", c_int), ("message", c_int), ("direction", c_int), ("opcode", c_int),
                ("close_code", c_int), ("flags", c_uint32), ("index", c_uint64), ("length", c_uint64),
                ("wire_length", c_uint64), ("missing", c_uint64), ("first_ns", c_uint64), ("last_ns", c_uint64),
                ("type", Str), ("id", Str), ("bytes", c_void_p), ("len", c_size_t)]


ON_MESSAGE = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(StreamMessage), c_void_p)


class Callbacks(Structure):
    _fields_ = [("size", c_size_t), ("on_connection", ON_CONNECTION), ("on_data", ON_DATA),
                ("on_transaction", ON_NOUN), ("on_event", ON_NOUN), ("on_object", ON_NOUN),
                ("on_message", ON_MESSAGE)]


class SinkOps(Structure):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("put_event", PUT), ("put_object", PUT), ("locate", LOCATE),
                ("flush", FLUSH), ("close", CLOSE), ("put_body", PUT_BODY)]


class Stats(Structure):
    _fields_ = [("size", c_size_t)] + [(name, c_uint64) for name in (
        "records", "bytes_seen", "bytes_delivered", "bytes_lost", "bytes_filtered", "lost_ring_full", "lost_fault",
        "lost_map_full", "lost_other", "records_corrupt", "connections_open", "connections_total",
        "connections_untracked", "transactions", "transactions_truncated", "gaps", "parse_errors", "limit_hits",
        "plugin_errors", "events", "objects", "sink_sent", "sink_dropped", "sink_retries", "record_file_errors",
        "bytes_lost_ring_full", "bytes_lost_fault", "bytes_lost_call_limit", "bytes_lost_no_buffer",
        "bytes_lost_host", "bytes_lost_other", "tls_bytes_total", "tls_bytes_decrypted",
        "bytes_lost_budget", "budget_steps", "bodies_decoded", "decode_errors", "decode_limit_hits",
        "names_forgotten", "rule_errors", "sink_spooled")]


class Peer(Structure):
    _fields_ = [("size", c_size_t), ("pid", c_uint32), ("uid", c_uint32), ("exe", Str), ("comm", Str),
                ("user_name", Str), ("container_id", Str), ("role", c_int), ("is_tls", c_int), ("family", c_int),
                ("local_port", c_uint16), ("remote_port", c_uint16), ("local_ip", c_uint8 * 16),
                ("remote_ip", c_uint8 * 16)]


class RuleError(Structure):
    _fields_ = [("size", c_size_t), ("line", c_uint32), ("column", c_uint32), ("text", ctypes.c_char * 256)]


class HttpOptions(Structure):
    _fields_ = [("size", c_size_t), ("protocol", c_uint32), ("flags", c_uint32), ("body_bytes", c_uint64),
                ("header_bytes", c_uint64), ("exchanges", c_uint32), ("reserved", c_uint32)]


class HttpBody(Structure):
    _fields_ = [("size", c_size_t), ("which", c_int), ("direction", c_int), ("offset", c_uint64), ("bytes", c_void_p),
                ("len", c_size_t), ("complete", c_int)]


class HttpError(Structure):
    _fields_ = [("size", c_size_t), ("direction", c_int), ("stream", c_uint32), ("offset", c_uint64),
                ("reason", c_char_p)]


HTTP_EXCHANGE = CFUNCTYPE(None, c_void_p, c_void_p)
HTTP_BODY = CFUNCTYPE(None, c_void_p, POINTER(HttpBody), c_void_p)
HTTP_ERROR = CFUNCTYPE(None, POINTER(HttpError), c_void_p)
HTTP_DECODED = CFUNCTYPE(None, c_void_p, c_size_t, c_void_p)


class HttpCallbacks(Structure):
    _fields_ = [("size", c_size_t), ("on_request", HTTP_EXCHANGE), ("on_response", HTTP_EXCHANGE),
                ("on_body", HTTP_BODY), ("on_exchange", HTTP_EXCHANGE), ("on_error", HTTP_ERROR)]


class HttpStats(Structure):
    _fields_ = [("size", c_size_t), ("protocol", c_int), ("client", c_int), ("exchanges", c_uint64),
                ("errors", c_uint64), ("limits", c_uint64)]


class HttpMessage(Structure):
    _fields_ = [("size", c_size_t), ("flags", c_uint32), ("truncation", c_uint32), ("method", Str), ("target", Str),
                ("scheme", Str), ("authority", Str), ("reason", Str), ("status", c_int), ("version", c_uint32),
                ("headers", c_uint32), ("trailers", c_uint32), ("unknown_fields", c_uint32), ("stream", c_uint32),
                ("body", Str), ("body_bytes", c_uint64), ("wire_bytes", c_uint64), ("missing_bytes", c_uint64),
                ("start_ns", c_uint64), ("end_ns", c_uint64), ("interim", c_uint32), ("interim_status", c_uint16 * 6)]


class HttpDecodeLimits(Structure):
    _fields_ = [("size", c_size_t), ("max_output_bytes", c_uint64), ("max_ratio", c_uint64)]


class RuleIssue(Structure):
    _fields_ = [("size", c_size_t), ("kind", c_int), ("status", c_int), ("line", c_uint32), ("column", c_uint32),
                ("macro", Str), ("subject", Str), ("text", Str)]


class RuleHit(Structure):
    _fields_ = [("rule", c_uint32), ("outcome", c_int), ("status", c_int)]


class RuleMacro(Structure):
    _fields_ = [("name", Str), ("text", Str)]


class RuleParam(Structure):
    _fields_ = [("name", c_char_p), ("types", c_uint32), ("reserved", c_uint32)]


RULE_FUNCTION = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(Value), POINTER(Value))


class RuleFunction(Structure):
    _fields_ = [("name", c_char_p), ("params", POINTER(RuleParam)), ("param_count", c_size_t),
                ("call", RULE_FUNCTION), ("user", c_void_p)]


class RuleKnownField(Structure):
    _fields_ = [("name", c_char_p), ("type", c_int), ("reserved", c_int)]


class RuleNames(Structure):
    _fields_ = [("size", c_size_t), ("flags", c_uint32), ("reserved", c_uint32), ("macros", POINTER(RuleMacro)),
                ("macro_count", c_size_t), ("functions", POINTER(RuleFunction)), ("function_count", c_size_t),
                ("fields", POINTER(RuleKnownField)), ("field_count", c_size_t)]


class S3Error(Structure):
    _fields_ = [("size", c_size_t), ("text", c_char * 256)]


class S3Options(Structure):
    _fields_ = [("size", c_size_t), ("access_key_id", Str), ("secret_access_key", Str), ("session_token", Str),
                ("region", Str), ("service", Str), ("rules", c_int), ("flags", c_uint32)]


class S3Header(Structure):
    _fields_ = [("name", Str), ("value", Str)]


class S3Request(Structure):
    _fields_ = [("size", c_size_t), ("method", Str), ("target", Str), ("headers", POINTER(S3Header)),
                ("header_count", c_size_t), ("payload", c_int), ("flags", c_uint32), ("time_s", c_int64), ("body", Str),
                ("payload_hash", Str), ("decoded_length", c_uint64), ("trailers", POINTER(Str)),
                ("trailer_count", c_size_t)]


STRUCTS = {
    "qtap_str": Str, "qtap_value": Value, "qtap_option": Option, "qtap_field": Field, "qtap_data": Data,
    "qtap_callbacks": Callbacks, "qtap_sink_ops": SinkOps, "qtap_stats": Stats, "qtap_peer": Peer,
    "qtap_rule_error": RuleError, "qtap_rule_issue": RuleIssue, "qtap_rule_macro": RuleMacro,
    "qtap_rule_hit": RuleHit,
    "qtap_rule_param": RuleParam, "qtap_rule_function": RuleFunction, "qtap_rule_known_field": RuleKnownField,
    "qtap_rule_names": RuleNames, "qtap_body_chunk": BodyChunk, "qtap_stream_message": StreamMessage,
    "qtap_http_options": HttpOptions, "qtap_http_body": HttpBody, "qtap_http_error": HttpError,
    "qtap_http_callbacks": HttpCallbacks, "qtap_http_stats": HttpStats, "qtap_http_message": HttpMessage,
    "qtap_http_decode_limits": HttpDecodeLimits,
    "qtap_s3_error": S3Error, "qtap_s3_options": S3Options, "qtap_s3_header": S3Header, "qtap_s3_request": S3Request,
}

_H = c_void_p  # an opaque handle
FUNCS = {
    "qtap_version": (c_char_p, []),
    "qtap_status_name": (c_char_p, [c_int]),
    "qtap_config_new": (c_int, [POINTER(_H)]),
    "qtap_config_free": (None, [_H]),
    "qtap_config_set": (c_int, [_H, c_char_p, c_char_p]),
    "qtap_config_parse": (c_int, [_H, c_char_p, c_size_t]),
    "qtap_config_parse_named": (c_int, [_H, c_char_p, c_size_t, c_char_p]),
    "qtap_config_set_logger": (None, [_H, LOG, c_void_p]),
    "qtap_config_error": (c_char_p, [_H]),
    "qtap_option_at": (POINTER(Option), [c_size_t]),
    "qtap_field_at": (POINTER(Field), [c_size_t]),
    "qtap_connection_ref": (_H, [_H]),
    "qtap_connection_unref": (None, [_H]),
    "qtap_transaction_ref": (_H, [_H]),
    "qtap_transaction_unref": (None, [_H]),
    "qtap_event_ref": (_H, [_H]),
    "qtap_event_unref": (None, [_H]),
    "qtap_object_ref": (_H, [_H]),
    "qtap_object_unref": (None, [_H]),
    "qtap_connection_field": (c_int, [_H, c_char_p, POINTER(Value)]),
    "qtap_transaction_field": (c_int, [_H, c_char_p, POINTER(Value)]),
    "qtap_event_field": (c_int, [_H, c_char_p, POINTER(Value)]),
    "qtap_object_field": (c_int, [_H, c_char_p, POINTER(Value)]),
    "qtap_transaction_connection": (_H, [_H]),
    "qtap_transaction_header_at": (c_int, [_H, c_int, c_size_t, POINTER(Str), POINTER(Str)]),
    "qtap_transaction_body": (c_int, [_H, c_int, POINTER(Str)]),
    "qtap_transaction_decoded_body": (c_int, [_H, c_int, POINTER(Str), POINTER(c_int)]),
    "qtap_event_json": (c_int, [_H, POINTER(Str)]),
    "qtap_object_data": (c_int, [_H, POINTER(Str)]),
    "qtap_session_new": (c_int, [POINTER(_H), _H]),
    "qtap_session_set_callbacks": (c_int, [_H, POINTER(Callbacks), c_void_p]),
    "qtap_session_start": (c_int, [_H]),
    "qtap_session_fd": (c_int, [_H]),
    "qtap_session_poll": (c_int, [_H, c_int]),
    "qtap_session_done": (c_int, [_H]),
    "qtap_session_run": (c_int, [_H]),
    "qtap_session_stop": (None, [_H]),
    "qtap_session_flush": (c_int, [_H, c_int]),
    "qtap_session_stats": (c_int, [_H, POINTER(Stats)]),
    "qtap_session_attached_at": (c_char_p, [_H, c_size_t]),
    "qtap_session_error": (c_char_p, [_H]),
    "qtap_session_free": (None, [_H]),
    "qtap_session_add_sink": (c_int, [_H, POINTER(SinkOps), c_void_p]),
    "qtap_feed_open": (c_int, [_H, POINTER(Peer), c_uint64, POINTER(c_uint64)]),
    "qtap_feed_data": (c_int, [_H, c_uint64, c_int, c_uint64, c_void_p, c_size_t]),
    "qtap_feed_gap": (c_int, [_H, c_uint64, c_int, c_uint64]),
    "qtap_feed_close": (c_int, [_H, c_uint64, c_uint64]),
    "qtap_feed_tick": (c_int, [_H, c_uint64]),
    "qtap_http_parser_new": (c_int, [POINTER(HttpOptions), POINTER(HttpCallbacks), c_void_p, POINTER(_H)]),
    "qtap_http_parser_data": (c_int, [_H, c_int, c_uint64, c_void_p, c_size_t]),
    "qtap_http_parser_gap": (c_int, [_H, c_int, c_uint64, c_uint64]),
    "qtap_http_parser_end": (c_int, [_H, c_uint64, c_int]),
    "qtap_http_parser_stats": (c_int, [_H, POINTER(HttpStats)]),
    "qtap_http_parser_free": (None, [_H]),
    "qtap_http_message_get": (c_int, [_H, c_int, POINTER(HttpMessage)]),
    "qtap_http_field_at": (c_int, [_H, c_int, c_size_t, POINTER(Str), POINTER(Str)]),
    "qtap_http_exchange_ref": (_H, [_H]),
    "qtap_http_exchange_unref": (None, [_H]),
    "qtap_http_decoder_new": (c_int, [c_char_p, c_size_t, POINTER(HttpDecodeLimits), HTTP_DECODED, c_void_p,
                                      POINTER(_H)]),
    "qtap_http_decoder_data": (c_int, [_H, c_void_p, c_size_t]),
    "qtap_http_decoder_gap": (c_int, [_H]),
    "qtap_http_decoder_end": (c_int, [_H]),
    "qtap_http_decoder_free": (None, [_H]),
    "qtap_http_media_type_parse": (c_int, [c_char_p, c_size_t, POINTER(_H)]),
    "qtap_http_media_type_type": (Str, [_H]),
    "qtap_http_media_type_subtype": (Str, [_H]),
    "qtap_http_media_type_suffix": (Str, [_H]),
    "qtap_http_media_type_parameter_at": (c_int, [_H, c_size_t, POINTER(Str), POINTER(Str)]),
    "qtap_http_media_type_fault": (c_char_p, [_H, POINTER(c_size_t)]),
    "qtap_http_media_type_free": (None, [_H]),
    "qtap_rule_compile": (c_int, [c_char_p, c_size_t, POINTER(_H), POINTER(RuleError)]),
    "qtap_rule_eval": (c_int, [_H, LOOKUP, c_void_p, POINTER(c_int)]),
    "qtap_rule_free": (None, [_H]),
    "qtap_rule_eval_table": (c_int, [_H, POINTER(POINTER(Value)), c_size_t, POINTER(c_int)]),
    "qtap_rule_set_new": (c_int, [POINTER(_H), c_size_t, POINTER(_H)]),
    "qtap_rule_set_field_at": (c_int, [_H, c_size_t, POINTER(Str)]),
    "qtap_rule_set_eval": (c_int, [_H, c_uint32, LOOKUP, c_void_p, POINTER(RuleHit), c_size_t, POINTER(c_size_t)]),
    "qtap_rule_set_free": (None, [_H]),
    "qtap_rule_text": (Str, [_H]),
    "qtap_rule_field_at": (c_int, [_H, c_size_t, POINTER(Str)]),
    "qtap_rule_warning_at": (c_int, [_H, c_size_t, POINTER(RuleError)]),
    "qtap_rule_excerpt": (c_size_t, [c_char_p, c_size_t, c_uint32, c_uint32, c_char_p, c_size_t]),
    "qtap_rule_explain": (c_int, [_H, LOOKUP, c_void_p, POINTER(_H)]),
    "qtap_rule_result_outcome": (c_int, [_H]),
    "qtap_rule_result_value": (c_int, [_H, POINTER(Value)]),
    "qtap_rule_result_missing_at": (c_int, [_H, c_size_t, POINTER(Str)]),
    "qtap_rule_result_issue_at": (c_int, [_H, c_size_t, POINTER(RuleIssue)]),
    "qtap_rule_result_rest": (Str, [_H]),
    "qtap_rule_result_free": (None, [_H]),
    "qtap_rule_library_new": (c_int, [POINTER(RuleNames), POINTER(_H), POINTER(RuleError)]),
    "qtap_rule_library_free": (None, [_H]),
    "qtap_rule_compile_with": (c_int, [_H, c_char_p, c_size_t, POINTER(_H), POINTER(RuleError)]),
    "qtap_rule_call_copy": (c_void_p, [_H, c_void_p, c_size_t]),
    "qtap_rule_call_fail": (c_int, [_H, c_int, c_char_p]),
    "qtap_s3_signer_new": (c_int, [POINTER(S3Options), POINTER(_H), POINTER(S3Error)]),
    "qtap_s3_signer_free": (None, [_H]),
    "qtap_s3_sign": (c_int, [_H, POINTER(S3Request), POINTER(_H), POINTER(S3Error)]),
    "qtap_s3_presign": (c_int, [_H, POINTER(S3Request), c_uint32, POINTER(_H), POINTER(S3Error)]),
    "qtap_s3_signed_text": (Str, [_H, c_int]),
    "qtap_s3_signed_header_at": (c_int, [_H, c_size_t, POINTER(S3Header)]),
    "qtap_s3_signed_free": (None, [_H]),
    "qtap_s3_chunks_new": (c_int, [_H, _H, c_size_t, POINTER(_H), POINTER(S3Error)]),
    "qtap_s3_chunks_data": (c_int, [_H, c_void_p, c_size_t, POINTER(Str), POINTER(S3Error)]),
    "qtap_s3_chunks_end": (c_int, [_H, POINTER(S3Header), c_size_t, POINTER(Str), POINTER(S3Error)]),
    "qtap_s3_chunks_free": (None, [_H]),
    "qtap_s3_chunked_length": (c_int, [c_int, c_uint64, c_size_t, POINTER(S3Header), c_size_t, POINTER(c_uint64)]),
}


def library_path():
    """QTAP_LIBRARY, else the build folder of this source tree, else what the system's loader finds."""
    if "QTAP_LIBRARY" in os.environ:
        return os.environ["QTAP_LIBRARY"]
    root = pathlib.Path(__file__).resolve().parents[3]
    for folder in (os.environ.get("QTAP_BUILD_DIR"), root / "build"):
        if folder and (built := pathlib.Path(folder) / "libqtap.so.0").exists():
            return str(built)
    return "libqtap.so.0"


def _missing(name):
    def stand_in(*_args):
        raise NotImplementedError(f"{name}: not in the loaded libqtap {lib.qtap_version().decode()}; install a newer one")
    return stand_in


def load(path):
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"load libqtap: {error}; build it (meson setup build && ninja -C build), install it, or set "
                          "QTAP_LIBRARY to its path") from error
    for name, (restype, argtypes) in FUNCS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            setattr(library, name, _missing(name))
            continue
        function.restype = restype
        function.argtypes = argtypes
    return library


lib = load(library_path())
