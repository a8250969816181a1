# SPDX-License-Identifier: Apache-2.0
"""Signing requests (AWS Signature Version 4) on its own: no session, no network.

    from qtap import s3
    signer = s3.Signer("AKID...", "secret", region="eu-central-1")
    made = signer.sign("PUT", "https://bucket.s3.eu-central-1.amazonaws.com/a%20key", {"Content-Type": "text/plain"}, b"hello")
    made.headers                                      # to set in the request: {"authorization": ..., "x-amz-date": ...}
    signer.presign("GET", "https://bucket.s3.eu-central-1.amazonaws.com/a%20key", expires=3600).url

    made = signer.sign("PUT", url, payload="signed-chunks", decoded_length=size)
    chunks = signer.chunks(made)
    for piece in pieces:
        send(chunks.data(piece))
    send(chunks.end())
"""
import collections
import ctypes
import time as _time
import urllib.parse

from . import _abi
from ._values import check, text_of

__all__ = ["Chunks", "Signed", "Signer", "chunked_length"]

_PAYLOADS = ("signed", "unsigned", "signed-chunks", "signed-chunks-trailer", "unsigned-chunks-trailer")
_TEXTS = ("canonical_request", "string_to_sign", "signature", "signed_headers", "target")


class Signed(collections.namedtuple("Signed", "headers url canonical_request string_to_sign signature signed_headers target")):
    """What signing came to. headers: to set in the request, a dict with names in lower case. url: to send it to, the target
    behind what the URL was; None when a target alone was signed."""

    _handle = None

    def __del__(self):
        if self._handle:
            _abi.lib.qtap_s3_signed_free(self._handle)
            self._handle = None


class _Texts:
    """Texts for C, and what keeps them alive."""

    def __init__(self):
        self.keep = []

    def __call__(self, text):
        raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text or b"")
        buffer = ctypes.create_string_buffer(raw, len(raw) or 1)
        self.keep.append(buffer)
        return _abi.Str(ctypes.addressof(buffer), len(raw))

    def headers(self, headers):
        pairs = list(headers.items()) if hasattr(headers, "items") else list(headers)
        rows = (_abi.S3Header * max(len(pairs), 1))()
        for row, (name, value) in zip(rows, pairs):
            row.name, row.value = self(name), self(value)
        self.keep.append(rows)
        return rows, len(pairs)


def _run(call, *arguments):
    error = _abi.S3Error(size=ctypes.sizeof(_abi.S3Error))
    check(call(*arguments, ctypes.byref(error)), lambda: error.text.decode("utf-8", "replace"))


def _split(url):
    """Base ("https://host"), host and target of a URL; of a target alone the first two are None."""
    if "://" not in url.partition("?")[0]:
        return None, None, url
    scheme, _, rest = url.partition("://")
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    host, target = rest[:cut], rest[cut:]
    return f"{scheme}://{host}", host, target if target.startswith("/") else "/" + target


class Signer:
    """Credentials and the place that they are used at; any thread may sign with it. rules: "s3" or "generic", for other
    services. A secret is never in an error."""

    def __init__(self, access_key_id, secret_access_key, region, service="s3", session_token=None, rules=None,
                 keep_path=False, encode_once=False, content_sha256=False, late_token=False):
        rules = rules or ("s3" if service == "s3" else "generic")
        if rules not in ("s3", "generic"):
            raise ValueError(f'rules={rules!r}: expected "s3" or "generic"')
        texts = _Texts()
        flags = keep_path * 1 | encode_once * 2 | content_sha256 * 4 | late_token * 8
        options = _abi.S3Options(
            size=ctypes.sizeof(_abi.S3Options), access_key_id=texts(access_key_id),
            secret_access_key=texts(secret_access_key), session_token=texts(session_token), region=texts(region),
            service=texts(service), rules=0 if rules == "s3" else 1, flags=flags)
        handle = ctypes.c_void_p()
        _run(_abi.lib.qtap_s3_signer_new, ctypes.byref(options), ctypes.byref(handle))
        self._handle = handle

    def __del__(self):
        if getattr(self, "_handle", None):
            _abi.lib.qtap_s3_signer_free(self._handle)
            self._handle = None

    def sign(self, method, url, headers=(), body=b"", payload="signed", payload_hash=None, decoded_length=0, trailers=(),
             time=None):
        """By headers. url: a URL, whose host is signed unless headers have one, or a target ("/path?query"). headers: pairs or a
        mapping. payload: "signed" (body, or payload_hash, its SHA-256 in hex), "unsigned", "signed-chunks",
        "signed-chunks-trailer", "unsigned-chunks-trailer" (decoded_length, and trailers, their names). time: seconds since
        1970 (now)."""
        return self._sign(_abi.lib.qtap_s3_sign, (), method, url, headers, body, payload, payload_hash, decoded_length,
                          trailers, time)

    def presign(self, method, url, expires=3600, headers=(), body=b"", payload="signed", payload_hash=None, time=None):
        """A link: anybody who has .url may use it for `expires` seconds, with these headers."""
        if not 0 <= expires < 2**32:
            raise ValueError(f"expires={expires!r}: expected 1 to 604800")
        return self._sign(_abi.lib.qtap_s3_presign, (int(expires),), method, url, headers, body, payload, payload_hash, 0, (),
                          time)

    def _sign(self, call, more, method, url, headers, body, payload, payload_hash, decoded_length, trailers, time):
        if payload not in _PAYLOADS:
            raise ValueError(f"payload={payload!r}: expected one of {', '.join(_PAYLOADS)}")
        base, host, target = _split(url)
        pairs = list(headers.items()) if hasattr(headers, "items") else list(headers)
        if host and not any(name.lower() == "host" for name, _ in pairs):
            pairs.insert(0, ("host", host))
        texts = _Texts()
        rows, count = texts.headers(pairs)
        names = (_abi.Str * max(len(trailers), 1))(*map(texts, trailers))
        request = _abi.S3Request(
            size=ctypes.sizeof(_abi.S3Request), method=texts(method), target=texts(target), headers=rows, header_count=count,
            payload=_PAYLOADS.index(payload), time_s=int(_time.time() if time is None else time), body=texts(body),
            payload_hash=texts(payload_hash), decoded_length=decoded_length, trailers=names, trailer_count=len(trailers))
        handle = ctypes.c_void_p()
        _run(call, self._handle, ctypes.byref(request), *more, ctypes.byref(handle))
        found = [text_of(_abi.lib.qtap_s3_signed_text(handle, which)) for which in range(len(_TEXTS))]
        header, to_set = _abi.S3Header(), {}
        while _abi.lib.qtap_s3_signed_header_at(handle, len(to_set), ctypes.byref(header)) == 0:
            to_set[text_of(header.name)] = text_of(header.value)
        made = Signed(to_set, base and base + found[-1], *found)
        made._handle = handle
        return made

    def chunks(self, made, chunk_bytes=0):
        """The encoder of the body of what was signed for chunks."""
        handle = ctypes.c_void_p()
        _run(_abi.lib.qtap_s3_chunks_new, self._handle, made._handle, chunk_bytes, ctypes.byref(handle))
        return Chunks(handle)


class Chunks:
    """Makes a body of chunks, from pieces of any size."""

    def __init__(self, handle):
        self._handle = handle

    def __del__(self):
        if getattr(self, "_handle", None):
            _abi.lib.qtap_s3_chunks_free(self._handle)
            self._handle = None

    def data(self, data):
        """What to send for the next bytes."""
        raw, out = bytes(data), _abi.Str()
        _run(_abi.lib.qtap_s3_chunks_data, self._handle, raw, len(raw), ctypes.byref(out))
        return ctypes.string_at(out.data, out.len)

    def end(self, trailers=()):
        """The rest of what to send. trailers: pairs or a mapping, those that were announced."""
        texts, out = _Texts(), _abi.Str()
        rows, count = texts.headers(trailers)
        _run(_abi.lib.qtap_s3_chunks_end, self._handle, rows, count, ctypes.byref(out))
        return ctypes.string_at(out.data, out.len)


def chunked_length(payload, decoded_length, chunk_bytes=0, trailers=()):
    """How long a body of chunks will be. trailers: pairs of a name and a value as long as the one to come."""
    texts, length = _Texts(), ctypes.c_uint64()
    rows, count = texts.headers(trailers)
    check(_abi.lib.qtap_s3_chunked_length(_PAYLOADS.index(payload), decoded_length, chunk_bytes, rows, count,
                                          ctypes.byref(length)), "tell the length of chunks")
    return length.value
