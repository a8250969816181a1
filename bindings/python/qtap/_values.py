# SPDX-License-Identifier: Apache-2.0
"""Values between C and Python."""
import collections.abc
import ctypes
import ipaddress

from . import _abi

_T = _abi.VALUE_TYPE
_IPV4_MAPPED = bytes(10) + b"\xff\xff"


class Mac(bytes):
    """The raw bytes of a MAC address, 6 or 8 of them; compares with "ab:cd:ef:01:02:03" of a rule."""


class Hex(bytes):
    """Bytes that compare as a hex literal of a rule (47:45:54) does; plain bytes never compare."""


class Regex(str):
    """The pattern of a regex literal that a rule came to. Nothing that can be given to one."""


class QtapError(Exception):
    """A call failed: .status (negative), .name ("QTAP_ERR_PERM"), .text (what, on what, why, what to do)."""

    def __init__(self, status, text=""):
        self.status = status
        self.name = _abi.lib.qtap_status_name(status).decode()
        self.text = text or self.name
        super().__init__(f"{self.text} ({self.name})" if text else self.name)


def check(status, text=""):
    """The status, unless it is an error: then QtapError."""
    if status < 0:
        raise QtapError(status, text() if callable(text) else text)
    return status


def bytes_of(s):
    return ctypes.string_at(s.data, s.len) if s.data and s.len else b""


def text_of(s):
    return bytes_of(s).decode("utf-8", "replace")


def to_python(value):
    kind = value.type
    if kind == _T["QTAP_VALUE_BOOL"]:
        return bool(value.i)
    if kind == _T["QTAP_VALUE_INT64"]:
        return value.i
    if kind == _T["QTAP_VALUE_UINT64"]:
        return value.u
    if kind == _T["QTAP_VALUE_DOUBLE"]:
        return value.d
    if kind == _T["QTAP_VALUE_STRING"]:
        return text_of(value.s)
    if kind == _T["QTAP_VALUE_BYTES"]:
        return bytes_of(value.s)
    if kind == _T["QTAP_VALUE_IP"]:
        raw = bytes(value.ip)
        return ipaddress.ip_address(raw[12:] if value.family == 4 else raw)
    if kind == _T["QTAP_VALUE_CIDR"]:
        raw = bytes(value.ip)
        return ipaddress.ip_network((raw[12:] if value.family == 4 else raw, value.bits))
    if kind == _T["QTAP_VALUE_MAC"]:
        return Mac(bytes_of(value.s))
    if kind == _T["QTAP_VALUE_HEX"]:
        return Hex(bytes_of(value.s))
    if kind == _T["QTAP_VALUE_REGEX"]:
        return Regex(text_of(value.s))
    if kind in (_T["QTAP_VALUE_LIST"], _T["QTAP_VALUE_STRING_LIST"]):
        return [to_python(value.items[index]) for index in range(value.count)]
    if kind == _T["QTAP_VALUE_MAP"]:
        return {to_python(value.items[index]): to_python(value.items[index + 1])
                for index in range(0, value.count, 2)}
    return None


_TEXTS = ((str, "QTAP_VALUE_STRING"), (Mac, "QTAP_VALUE_MAC"), (Hex, "QTAP_VALUE_HEX"), (bytes, "QTAP_VALUE_BYTES"))


def _fill_items(values, out, keep):
    items = (_abi.Value * max(len(values), 1))()
    for value, slot in zip(values, items):
        from_python(value, slot, keep)
    keep.append(items)
    out.items, out.count = items, len(values)


def from_python(value, out, keep):
    """Fills a qtap_value; what it points to goes to `keep`, which must live as long."""
    if value is None:
        out.type = _T["QTAP_VALUE_NULL"]
    elif isinstance(value, bool):
        out.type, out.i = _T["QTAP_VALUE_BOOL"], value
    elif isinstance(value, int):
        if not -2**63 <= value < 2**64:
            raise OverflowError(f"a rule cannot see {value}: more than 64 bits")
        if value < 2**63:
            out.type, out.i = _T["QTAP_VALUE_INT64"], value
        else:
            out.type, out.u = _T["QTAP_VALUE_UINT64"], value
    elif isinstance(value, float):
        out.type, out.d = _T["QTAP_VALUE_DOUBLE"], value
    elif isinstance(value, Regex):
        raise TypeError("a rule cannot see a Regex: it is compiled with the rule that it is written in")
    elif isinstance(value, (str, bytes)):
        raw = value.encode() if isinstance(value, str) else value
        buffer = ctypes.create_string_buffer(raw, len(raw) or 1)
        keep.append(buffer)
        out.type = _T[next(name for kind, name in _TEXTS if isinstance(value, kind))]
        out.s.data, out.s.len = ctypes.addressof(buffer), len(raw)
    elif isinstance(value, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        out.type, out.family = _T["QTAP_VALUE_IP"], value.version
        raw = value.packed if value.version == 6 else _IPV4_MAPPED + value.packed
        out.ip = (ctypes.c_uint8 * 16)(*raw)
    elif isinstance(value, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
        from_python(value.network_address, out, keep)
        out.type, out.bits = _T["QTAP_VALUE_CIDR"], value.prefixlen
    elif isinstance(value, (list, tuple)):
        _fill_items(value, out, keep)
        is_text = bool(value) and all(isinstance(item, str) for item in value)
        out.type = _T["QTAP_VALUE_STRING_LIST" if is_text else "QTAP_VALUE_LIST"]
    elif isinstance(value, collections.abc.Mapping):
        _fill_items([part for item in value.items() for part in item], out, keep)
        out.type = _T["QTAP_VALUE_MAP"]
    else:
        raise TypeError(f"a rule cannot see a {type(value).__name__}")
