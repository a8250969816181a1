# SPDX-License-Identifier: Apache-2.0
"""Storage written in Python."""
import ctypes
import sys

from . import _abi
from ._model import BodyChunk, Event, Object


class Again(Exception):
    """Raise it from put_event, put_object or put_body: not now; the session tries again later, with back-off."""


def make_ops(sink, forget):
    """The C table of a sink; it must live until close was called, which calls forget()."""
    def guard(what, call):
        def guarded(_user, *args):
            try:
                return call(*args)
            except Again:
                return _abi.STATUS["QTAP_ERR_AGAIN"]
            except Exception:  # C cannot carry it, and this thread is the session's: said where Python says such things
                sys.unraisablehook(_Unraisable(what))
                return _abi.STATUS["QTAP_ERR_CALLBACK"]
        return guarded

    def put(kind, name):
        def call(handle):
            getattr(sink, name)(kind(handle))
            return 0
        return _abi.PUT(guard(f"{sink.name}.{name}", call))

    def put_body(chunk):
        sink.put_body(_body_chunk(chunk.contents))
        return 0

    def locate(handle, buf, cap):
        url = sink.locate(Object(handle))
        raw = b"" if url is None else url.encode()
        if url is None or len(raw) >= cap:
            return _abi.STATUS["QTAP_ERR_NOTFOUND"]
        ctypes.memmove(buf, raw + b"\0", len(raw) + 1)
        return len(raw)

    def flush(timeout_ms):
        sink.flush(timeout_ms)
        return 0

    def close():
        try:
            if hasattr(sink, "close"):
                sink.close()
        finally:
            forget()

    ops = _abi.SinkOps(size=ctypes.sizeof(_abi.SinkOps), name=sink.name.encode())
    if hasattr(sink, "put_event"):
        ops.put_event = put(Event, "put_event")
    if hasattr(sink, "put_object"):
        ops.put_object = put(Object, "put_object")
    if hasattr(sink, "put_body"):
        ops.put_body = _abi.PUT_BODY(guard(f"{sink.name}.put_body", put_body))
    if hasattr(sink, "locate"):
        ops.locate = _abi.LOCATE(guard(f"{sink.name}.locate", locate))
    if hasattr(sink, "flush"):
        ops.flush = _abi.FLUSH(guard(f"{sink.name}.flush", flush))
    ops.close = _abi.CLOSE(guard(f"{sink.name}.close", close))
    return ops


def _body_chunk(raw):
    def has(flag):
        return bool(raw.flags & _abi.OTHER[flag])
    return BodyChunk(raw.transaction_id.decode(), raw.connection_id.decode(), ("request", "response")[raw.message],
                     ("sent", "received")[raw.direction], raw.offset, raw.missing,
                     ctypes.string_at(raw.bytes, raw.len), has("QTAP_BODY_FIRST"), has("QTAP_BODY_LAST"),
                     has("QTAP_BODY_TRUNCATED"), not has("QTAP_BODY_LENGTH_UNKNOWN"))


class _Unraisable:
    """What sys.unraisablehook wants to know of the exception at hand."""

    def __init__(self, what):
        self.exc_type, self.exc_value, self.exc_traceback = sys.exc_info()
        self.err_msg = f"Exception ignored in sink {what}"
        self.object = None
