# SPDX-License-Identifier: Apache-2.0
"""The values of the rule language (sections 1, 6, 8 and 9 of its description): pairs of a type, named as in the
questions, and what it holds. Strings are bytes, addresses 16 bytes (b"": none), networks (address, prefix of 128)."""
import ipaddress
import math
import struct

import rulemodel_words as words

INTEGERS = ("int", "int64", "uint", "uint64")
FLOATS = ("float32", "float64")
NUMBER_LISTS = {"ints": "int", "int64s": "int64", "uints": "uint", "uint64s": "uint64", "float32s": "float32",
                "float64s": "float64"}
GO_NAMES = {"null": "<nil>", "ip": "net.IP", "cidr": "*net.IPNet", "mac": "net.HardwareAddr", "hex": "rulekit.HexString",
            "regex": "*regexp.Regexp", "array": "[]interface {}", "map": "map[string]interface {}", "bytes": "[]uint8",
            "strings": "[]string", "bools": "[]bool", "ips": "[]net.IP", **{name: "[]" + of for name, of in NUMBER_LISTS.items()}}
NO_ADDRESS = b""


def from_json(what):
    kind, v = what["t"], what.get("v")
    if kind in ("string", "string_hex"):
        return "string", v.encode()
    if kind in INTEGERS:
        return kind, int(v)
    if kind == "float32":
        return kind, struct.unpack("f", struct.pack("f", float(v)))[0]
    if kind == "float64":
        return kind, float(v)
    if kind in ("ip", "ip4"):
        return "ip", words.ip(v.encode()) or NO_ADDRESS
    if kind == "cidr":
        return kind, words.cidr(v.encode()) or (NO_ADDRESS, 0)
    if kind == "mac" or kind == "bytes":
        return kind, bytes.fromhex(v.replace(":", ""))
    if kind in ("hex", "regex"):
        return kind, v.encode()
    if kind == "array":
        return kind, [from_json(item) for item in v]
    if kind == "strings":
        return kind, [item.encode() for item in v]
    if kind in NUMBER_LISTS:
        return kind, [from_json({"t": NUMBER_LISTS[kind], "v": item}) for item in v]
    if kind == "map":
        return kind, {key: from_json(item) for key, item in v.items()}
    return kind, v  # null, bool, and the types that the language only carries


def to_json(value):
    kind, v = value
    if kind == "null":
        return {"t": kind}
    if kind in ("bool",):
        return {"t": kind, "v": v}
    if kind in FLOATS:
        return {"t": kind, "v": repr(v)}
    if kind == "array":
        return {"t": kind, "v": [to_json(item) for item in v]}
    if kind == "map":
        return {"t": kind, "v": {key: to_json(item) for key, item in v.items()}}
    if kind == "bytes":
        return {"t": kind, "v": v.hex()}
    if kind == "strings":
        return {"t": kind, "v": [item.decode("utf-8", "replace") for item in v]}
    if kind in ("ints", "float64s"):
        return {"t": kind, "v": [shown(item).decode() for item in v]}
    if kind in ("bools", "ips", *NUMBER_LISTS):
        return {"t": "go:" + GO_NAMES[kind], "v": shown(value).decode()}
    return {"t": kind, "v": shown(value).decode("utf-8", "replace")}


def shown_float(value, width):
    """Go's %v: the shortest digits that read back, in exponent form below 1e-4 and from 1e6 on, however many digits."""
    if value != value or value in (math.inf, -math.inf):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[repr(value)]
    digits = repr(value)
    if width == 32:
        same = (f"{value:.{n}e}" for n in range(9))
        digits = next(text for text in same if struct.pack("f", float(text)) == struct.pack("f", value))
    sign, figures, exponent = decimal(digits)
    if -4 <= exponent < 6:
        if exponent < 0:
            return sign + "0." + "0" * (-exponent - 1) + figures
        whole, rest = figures[:exponent + 1].ljust(exponent + 1, "0"), figures[exponent + 1:]
        return sign + whole + ("." + rest if rest else "")
    mantissa = figures[0] + ("." + figures[1:] if len(figures) > 1 else "")
    return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def decimal(digits):
    """Sign, significant figures and exponent of the first of them."""
    sign = "-" if digits.startswith("-") else ""
    mantissa, _, power = digits.lstrip("-").partition("e")
    whole, _, part = mantissa.partition(".")
    figures = whole + part
    exponent = len(whole) - 1 + int(power or 0)
    lead = len(figures) - len(figures.lstrip("0"))
    figures = figures.strip("0")
    return (sign, figures, exponent - lead) if figures else (sign, "0", 0)


def address_text(address):
    if address == NO_ADDRESS:
        return "<nil>"
    if address[:12] == b"\0" * 10 + b"\xff\xff":
        return ".".join(map(str, address[12:]))
    return ipaddress.IPv6Address(address).compressed


def shown(value):
    """The text that starts_with sees."""
    kind, v = value
    if kind in ("string", "hex", "regex"):
        return v
    if kind == "bool":
        return b"true" if v else b"false"
    if kind in FLOATS:
        return shown_float(v, int(kind[5:])).encode()
    if kind == "ip":
        return address_text(v).encode()
    if kind == "cidr":
        if v[0] == NO_ADDRESS:
            return b"<nil>"
        four = v[1] >= 96 and v[0][:12] == b"\0" * 10 + b"\xff\xff"
        return f"{address_text(v[0])}/{v[1] - 96 if four else v[1]}".encode()
    if kind == "mac":
        return v.hex(":").encode()
    if kind in ("array", *NUMBER_LISTS):
        return b"[" + b" ".join(shown(item) for item in v) + b"]"
    if kind == "strings":
        return b"[" + b" ".join(v) + b"]"
    if kind in ("bools", "ips"):
        return b"[" + " ".join(v).encode() + b"]"
    if kind == "bytes":
        return f"[{' '.join(map(str, v))}]".encode()
    if kind == "map":
        return b"map[" + b" ".join(key.encode() + b":" + shown(v[key]) for key in sorted(v)) + b"]"
    return b"<nil>" if kind == "null" else str(v).encode()


def truthy(value):
    kind, v = value
    if kind in ("null", "bool", *INTEGERS, *FLOATS, "string", "bytes", "ip", "mac", "array"):
        return bool(v)
    return v[0] != NO_ADDRESS if kind == "cidr" else True


def hex_bytes(raw):
    return bytes.fromhex(raw.decode().replace(":", ""))


def picked(op, equal, part=False):
    return {"==": equal, "!=": not equal, "contains": part}.get(op, False)


def ordered(op, left, right):
    if isinstance(left, float) or isinstance(right, float):
        left, right = (float(left), float(right))
        if left != left or right != right:  # S30: NaN equals itself and is below every other number
            left, right = (int(left == left), int(right == right))
    return {"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right,
            ">=": left >= right}.get(op, False)


def member(address, network, prefix):
    mapped = b"\0" * 10 + b"\xff\xff"
    if NO_ADDRESS in (address, network) or (address[:12] == mapped) != (network[:12] == mapped and prefix >= 96):
        return False
    return int.from_bytes(address, "big") >> (128 - prefix) == int.from_bytes(network, "big") >> (128 - prefix)


def compare(left, op, right, search):
    """Section 8.1. `search` tells whether a regex finds something."""
    (kind, l), (other, r) = left, right
    if other == "array":
        if op in ("contains", "!="):
            return op == "!=" and not any(compare(left, "==", item, search) for item in r)
        return any(compare(left, op, item, search) for item in r)
    if kind == "array" or kind in NUMBER_LISTS:
        some = any(compare(item, "==" if op in ("contains", "!=") else op, right, search) for item in l)
        return not some if op == "!=" else some
    if kind == "strings":
        if other not in ("string", "regex"):
            return False
        return any(compare(("string", item), "==" if op == "contains" else op, right, search) for item in l)
    if kind in INTEGERS + FLOATS:
        return other in INTEGERS + FLOATS and ordered(op, l, r)
    if kind == "bool":
        return other == "bool" and picked(op, l == r)
    if kind == "string":
        if other == "regex":
            found = search(r, l)
            return picked(op, found, found)
        if other in ("string", "ip", "cidr", "hex"):
            part = hex_bytes(r) if other == "hex" else shown(right)
            return picked(op, l == part, part in l)
    if kind == "ip" and other == "ip":
        return picked(op, l == r)
    if (kind, other) in (("ip", "cidr"), ("cidr", "ip")):
        inside = member(l, *r) if kind == "ip" else member(r, *l)
        return picked(op, inside, inside)
    if kind == "mac":
        if other == "mac":
            return picked(op, l == r, r in l)
        if other == "hex":
            return picked(op, shown(left) == r.lower(), r in shown(left))
        if other == "string":
            return picked(op, shown(left) == r.lower(), r.lower() in shown(left))
    return False


def is_in(value, holder, search, fixed):
    if holder[0] == "array":
        return compare(holder, "contains", value, search)
    if "S13" not in fixed:
        raise AssertionError("only S13 lets a field stand after in")
    if holder[0] == "strings" or holder[0] in NUMBER_LISTS:
        return compare(holder, "contains", value, search)
    return holder[0] == "cidr" and value[0] in ("ip", "array") and compare(value, "==", holder, search)


def matches(value, pattern, search):
    if value[0] == "strings":
        return any(search(pattern, item) for item in value[1])
    return value[0] == "string" and search(pattern, value[1])
