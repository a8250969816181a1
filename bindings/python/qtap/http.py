# SPDX-License-Identifier: Apache-2.0
"""HTTP on its own, as an observer reads it: no session, no root.

    from qtap import http
    parser = http.Parser(client=0)
    parser.data(0, b"GET /a HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    parser.data(1, b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")
    for exchange in parser.exchanges():
        print(exchange.request.target, exchange.response.status, exchange.response.body)

    http.decode(body, "gzip")                         # Decoded(data=b"...", state="decoded")
    http.MediaType("text/html; charset=utf-8").parameters
"""
import collections
import ctypes

from . import _abi
from ._values import check

Error = collections.namedtuple("Error", "direction stream offset reason")
Decoded = collections.namedtuple("Decoded", "data state")
Stats = collections.namedtuple("Stats", "protocol client exchanges errors limits")

_PROTOCOLS = {"auto": 0, "http1": 1, "http2": 2}
_TRUNCATIONS = ("", "body_buffer", "loss", "midstream", "aborted", "stopped", "limit")
_DECODE_STATES = ("decoding", "decoded", "truncated", "corrupt", "limit", "gap")
_UNKNOWN = (1 << 64) - 1


def _bytes(text):
    return ctypes.string_at(text.data, text.len) if text.data else None


def _text(text):
    raw = _bytes(text)
    return None if raw is None else raw.decode("utf-8", "surrogateescape")


class Message:
    """A request or a response. Texts are as sent (bytes that are no UTF-8 by surrogateescape); what is not known is None."""

    def __init__(self, exchange, which):
        raw = _abi.HttpMessage(size=ctypes.sizeof(_abi.HttpMessage))
        check(_abi.lib.qtap_http_message_get(exchange, which, ctypes.byref(raw)), "read a message")
        self.method, self.scheme, self.authority = _text(raw.method), _text(raw.scheme), _text(raw.authority)
        self.target = None if raw.flags & _abi.OTHER["QTAP_HTTP_PATH_UNKNOWN"] else _text(raw.target)
        self.reason = _text(raw.reason)
        self.status = None if raw.status < 0 else raw.status
        self.version = (raw.version // 10, raw.version % 10)
        self.complete = bool(raw.flags & _abi.OTHER["QTAP_HTTP_COMPLETE"])
        self.framing_conflict = bool(raw.flags & _abi.OTHER["QTAP_HTTP_FRAMING_CONFLICT"])
        self.seen = not raw.flags & _abi.OTHER["QTAP_HTTP_NO_MESSAGE"]
        self.truncation = _TRUNCATIONS[raw.truncation]
        self.unknown_fields, self.stream = raw.unknown_fields, raw.stream
        self.body = _bytes(raw.body) or b""
        self.body_bytes, self.wire_bytes = raw.body_bytes, raw.wire_bytes
        self.missing_bytes = None if raw.missing_bytes == _UNKNOWN else raw.missing_bytes
        self.start_ns, self.end_ns = raw.start_ns, raw.end_ns
        self.interim, self.interim_statuses = raw.interim, list(raw.interim_status)[:raw.interim]
        fields = [self._field(exchange, which, index) for index in range(raw.headers + raw.trailers)]
        self.headers, self.trailers = fields[:raw.headers], fields[raw.headers:]

    @staticmethod
    def _field(exchange, which, index):
        name, value = _abi.Str(), _abi.Str()
        check(_abi.lib.qtap_http_field_at(exchange, which, index, ctypes.byref(name), ctypes.byref(value)), "read a field")
        return _text(name), _text(value)

    def header(self, name):
        """The value of the first field of that name, any case; None when there is none."""
        return next((value for key, value in self.headers if key and key.lower() == name.lower()), None)


class Exchange:
    """A request and the response to it; a copy, to be kept as long as you like."""

    def __init__(self, handle):
        self.request, self.response = Message(handle, 0), Message(handle, 1)


class Parser:
    """Reads one connection. Directions are 0 and 1.

    protocol: "auto", "http1" or "http2". client: the direction that asks, None: found out. joined_late: the first bytes may be
    from anywhere. keep_bodies: False only counts them. on_body(which, offset, bytes) is called with the bodies as they
    come, which is "request" or "response"; on_request(message) and on_response(message) with complete heads."""

    def __init__(self, protocol="auto", client=None, joined_late=False, keep_bodies=True, body_bytes=0, header_bytes=0,
                 on_request=None, on_response=None, on_body=None):
        if client not in (None, 0, 1):
            raise ValueError(f"client={client!r}: expected 0, 1 or None")
        flags = (1 if joined_late else 0) | {None: 0, 0: 2, 1: 4}[client] | (0 if keep_bodies else 8)
        options = _abi.HttpOptions(size=ctypes.sizeof(_abi.HttpOptions), protocol=_PROTOCOLS[protocol], flags=flags,
                                   body_bytes=body_bytes, header_bytes=header_bytes)
        self.errors = []
        self._done, self._failure = collections.deque(), []
        heads = _abi.HTTP_EXCHANGE
        self._callbacks = _abi.HttpCallbacks(
            size=ctypes.sizeof(_abi.HttpCallbacks),
            on_request=heads(self._safely(lambda x, _: on_request(Message(x, 0)))) if on_request else heads(),
            on_response=heads(self._safely(lambda x, _: on_response(Message(x, 1)))) if on_response else heads(),
            on_body=_abi.HTTP_BODY(self._safely(lambda _x, body, _: self._tell_body(on_body, body.contents)))
            if on_body else _abi.HTTP_BODY(),
            on_exchange=heads(self._safely(lambda x, _: self._done.append(Exchange(x)))),
            on_error=_abi.HTTP_ERROR(self._safely(lambda error, _: self.errors.append(self._error(error.contents)))))
        self._handle = ctypes.c_void_p()
        check(_abi.lib.qtap_http_parser_new(ctypes.byref(options), ctypes.byref(self._callbacks), None,
                                            ctypes.byref(self._handle)), "make an HTTP parser")

    def __del__(self):
        if getattr(self, "_handle", None):
            _abi.lib.qtap_http_parser_free(self._handle)
            self._handle = None

    def _safely(self, call):
        def run(*arguments):
            try:
                call(*arguments)
            except BaseException as error:  # raised again by the call that fed: C cannot carry it
                self._failure.append(error)
        return run

    @staticmethod
    def _tell_body(on_body, body):
        data = ctypes.string_at(body.bytes, body.len) if body.len else b""
        if data:
            on_body("response" if body.which else "request", body.offset, data)

    @staticmethod
    def _error(raw):
        return Error(raw.direction, raw.stream, raw.offset, raw.reason.decode())

    def _settle(self, status, what):
        if self._failure:
            failure, self._failure = self._failure[0], []
            raise failure
        check(status, what)

    def data(self, direction, data, time_ns=0):
        """The next bytes of one direction."""
        raw = bytes(data)
        self._settle(_abi.lib.qtap_http_parser_data(self._handle, direction, time_ns, raw, len(raw)), "read HTTP")

    def gap(self, direction, length, time_ns=0):
        """So many bytes of one direction are missing here."""
        self._settle(_abi.lib.qtap_http_parser_gap(self._handle, direction, time_ns, length), "read HTTP")

    def end(self, time_ns=0, closed=True):
        """Nothing more will come: the connection has ended, or (closed=False) you stop looking."""
        self._settle(_abi.lib.qtap_http_parser_end(self._handle, time_ns, int(closed)), "end an HTTP parser")

    def exchanges(self):
        """What is over, oldest first; each is given once."""
        while self._done:
            yield self._done.popleft()

    @property
    def stats(self):
        raw = _abi.HttpStats(size=ctypes.sizeof(_abi.HttpStats))
        check(_abi.lib.qtap_http_parser_stats(self._handle, ctypes.byref(raw)), "read counters")
        protocol = next(name for name, number in _PROTOCOLS.items() if number == raw.protocol)
        return Stats(protocol, None if raw.client < 0 else raw.client, raw.exchanges, raw.errors, raw.limits)


def decode(data, content_encoding, max_output_bytes=0, max_ratio=0):
    """Undoes the codings that Content-Encoding names. The state is "decoded", or says why the text is not whole."""
    limits = _abi.HttpDecodeLimits(size=ctypes.sizeof(_abi.HttpDecodeLimits), max_output_bytes=max_output_bytes,
                                   max_ratio=max_ratio)
    pieces, coding, raw = [], content_encoding.encode(), bytes(data)
    take = _abi.HTTP_DECODED(lambda piece, length, _: pieces.append(ctypes.string_at(piece, length)))
    handle = ctypes.c_void_p()
    check(_abi.lib.qtap_http_decoder_new(coding, len(coding), ctypes.byref(limits), take, None, ctypes.byref(handle)),
          f"decode {content_encoding!r}")
    try:
        check(_abi.lib.qtap_http_decoder_data(handle, raw, len(raw)), "decode")
        state = check(_abi.lib.qtap_http_decoder_end(handle), "decode")
    finally:
        _abi.lib.qtap_http_decoder_free(handle)
    return Decoded(b"".join(pieces), _DECODE_STATES[state])


class MediaType:
    """What a Content-Type says: type, subtype, suffix, parameters [(name, value)], fault ("" or what breaks the grammar),
    fault_offset."""

    def __init__(self, content_type):
        raw = content_type.encode("utf-8", "surrogateescape")
        handle = ctypes.c_void_p()
        check(_abi.lib.qtap_http_media_type_parse(raw, len(raw), ctypes.byref(handle)), "read a media type")
        try:
            self.type = _text(_abi.lib.qtap_http_media_type_type(handle)) or ""
            self.subtype = _text(_abi.lib.qtap_http_media_type_subtype(handle)) or ""
            self.suffix = _text(_abi.lib.qtap_http_media_type_suffix(handle)) or ""
            offset = ctypes.c_size_t()
            self.fault = _abi.lib.qtap_http_media_type_fault(handle, ctypes.byref(offset)).decode()
            self.fault_offset = offset.value
            self.parameters = list(self._parameters(handle))
        finally:
            _abi.lib.qtap_http_media_type_free(handle)

    @staticmethod
    def _parameters(handle):
        index, name, value = 0, _abi.Str(), _abi.Str()
        while _abi.lib.qtap_http_media_type_parameter_at(handle, index, ctypes.byref(name), ctypes.byref(value)) == 0:
            yield _text(name), _text(value)
            index += 1

    @property
    def charset(self):
        """As told; None when it was not: never a guess."""
        return next((value for name, value in self.parameters if name == "charset"), None)
