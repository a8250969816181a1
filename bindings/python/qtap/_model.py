# SPDX-License-Identifier: Apache-2.0
"""Connections, transactions, events and objects: immutable, kept alive by their own reference."""
import ctypes
import json
from dataclasses import dataclass

from . import _abi
from ._values import bytes_of, check, text_of, to_python

_lib = _abi.lib


_DECODE_STATES = {number: name.removeprefix("QTAP_DECODE_").lower() for name, number in _abi.OTHER.items()
                  if name.startswith("QTAP_DECODE_")}


@dataclass(frozen=True)
class DecodedBody:
    """A body without its content codings."""

    bytes: bytes
    state: str  # "none" (it has no coding), "complete", "truncated", "corrupt", "limit", "gap", "unsupported"


class _Noun:
    """Fields by name: noun["http.res.status"] raises KeyError, noun.get(name) gives None."""

    _kind = ""

    def __init__(self, handle):
        self._handle = getattr(_lib, f"qtap_{self._kind}_ref")(handle)

    def __del__(self):
        if getattr(self, "_handle", None):
            getattr(_lib, f"qtap_{self._kind}_unref")(self._handle)
            self._handle = None

    def __getitem__(self, name):
        value = _abi.Value()
        status = getattr(_lib, f"qtap_{self._kind}_field")(self._handle, name.encode(), ctypes.byref(value))
        if status == _abi.STATUS["QTAP_ERR_NOTFOUND"]:
            raise KeyError(name)
        check(status)
        return to_python(value)

    def get(self, name, default=None):
        try:
            return self[name]
        except KeyError:
            return default


class Connection(_Noun):
    """Who talks to whom."""

    _kind = "connection"


class Transaction(_Noun):
    """One request and its response."""

    _kind = "transaction"

    @property
    def connection(self):
        return Connection(_lib.qtap_transaction_connection(self._handle))

    def _headers(self, message):
        headers, name, value = [], _abi.Str(), _abi.Str()
        while _lib.qtap_transaction_header_at(self._handle, message, len(headers), ctypes.byref(name),
                                              ctypes.byref(value)) == 0:
            headers.append((text_of(name), text_of(value)))
        return headers

    def _body(self, message):
        body = _abi.Str()
        check(_lib.qtap_transaction_body(self._handle, message, ctypes.byref(body)))
        return bytes_of(body)

    @property
    def request_headers(self):
        """[(name, value)] in wire order and case."""
        return self._headers(_abi.OTHER["QTAP_REQUEST"])

    @property
    def response_headers(self):
        return self._headers(_abi.OTHER["QTAP_RESPONSE"])

    @property
    def request_body(self):
        """Bytes after transfer coding, as far as they were kept (capture.body_buffer)."""
        return self._body(_abi.OTHER["QTAP_REQUEST"])

    @property
    def response_body(self):
        return self._body(_abi.OTHER["QTAP_RESPONSE"])


    def decoded_body(self, message="response"):
        """DecodedBody of "request" or "response": bytes without content coding, and how far that went."""
        body, state = _abi.Str(), ctypes.c_int()
        which = _abi.OTHER[f"QTAP_{message.upper()}"]
        check(_lib.qtap_transaction_decoded_body(self._handle, which, ctypes.byref(body), ctypes.byref(state)))
        return DecodedBody(bytes_of(body), _DECODE_STATES[state.value])


class Event(_Noun):
    """Anonymised metadata."""

    _kind = "event"

    @property
    def json(self):
        """The event as text: one JSON document."""
        text = _abi.Str()
        check(_lib.qtap_event_json(self._handle, ctypes.byref(text)))
        return text_of(text)

    def to_dict(self):
        return json.loads(self.json)


class Object(_Noun):
    """Sensitive bytes: headers and bodies."""

    _kind = "object"

    @property
    def data(self):
        data = _abi.Str()
        check(_lib.qtap_object_data(self._handle, ctypes.byref(data)))
        return bytes_of(data)


@dataclass
class Data:
    """A piece of plain text on its way."""

    direction: str  # "sent", "received"
    is_tls: bool
    time_ns: int
    offset: int
    lost_before: int
    bytes: bytes


@dataclass(frozen=True)
class Message:
    """A message of a gRPC call, a WebSocket or a stream of server-sent events. Its payload is sensitive."""

    connection: Connection
    transaction: Transaction  # as far as its heads are known; "transaction.id" is that of the whole one
    protocol: str  # "grpc", "websocket", "sse"
    message: str  # "request": the client sent it; "response"
    direction: str  # "sent", "received"
    opcode: int  # WebSocket: 1 text, 2 binary, 8 close, 9 ping, 10 pong; else 0
    close_code: int  # of a close frame that has one; else 0
    flags: frozenset  # of "compressed", "truncated", "incomplete", "after_loss", "undecoded", "bad"
    index: int  # among the messages of this side that were seen
    length: int  # of the payload: decompressed, when that is possible
    wire_length: int  # as sent
    missing: int  # bytes of wire_length that were not captured
    first_ns: int
    last_ns: int
    type: str  # SSE: the event's type
    id: str  # SSE: the last event id
    payload: bytes  # at most capture.message_buffer bytes of it

    @property
    def text(self):
        return self.payload.decode("utf-8", "replace")


@dataclass(frozen=True)
class BodyChunk:
    """A piece of a body in transfer, after transfer coding and before content coding."""

    transaction_id: str
    connection_id: str
    message: str  # "request", "response"
    direction: str  # "sent", "received"
    offset: int  # of bytes in the body; of the last chunk: its length
    missing: int  # bytes right before offset that did not come to this sink
    bytes: bytes
    first: bool  # nothing of this body came before
    last: bool  # the body is over; without bytes
    truncated: bool  # last: not all of it came
    length_known: bool  # last: False when it is not known how much is missing at the end
