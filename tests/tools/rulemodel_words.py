# SPDX-License-Identifier: Apache-2.0
"""The words of rules as the description of the language has them (sections 2 and 4): tokens, and what literals hold.
A second reading of that description, to hold libqtap against; slow and plain. `fixed` names the surprises of its
section 14 that are mended: with none of them the answers are the existing engine's."""
import ipaddress
import re

from rulewording import go_quoted

KEYWORDS = {b"not": "op_NOT", b"and": "op_AND", b"or": "op_OR", b"eq": "op_EQ", b"ne": "op_NE", b"lt": "op_LT", b"le": "op_LE",
            b"gt": "op_GT", b"ge": "op_GE", b"contains": "op_CONTAINS", b"matches": "op_MATCHES", b"in": "op_IN"}
SYMBOLS = {b"(": "token_LPAREN", b")": "token_RPAREN", b"[": "token_LBRACKET", b"]": "token_RBRACKET", b",": "token_COMMA",
           b"!": "op_NOT", b"&&": "op_AND", b"||": "op_OR", b"==": "op_EQ", b"!=": "op_NE", b"<": "op_LT", b"<=": "op_LE",
           b">": "op_GT", b">=": "op_GE", b"=~": "op_MATCHES"}
NAMES = ("token_FUNCTION", "token_FIELD")

WORD = re.compile(rb"[A-Za-z]+")
QUAD = re.compile(rb"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)")
PATTERNS = [("token_INT", re.compile(rb"[+-]?\d+")), ("token_FLOAT", re.compile(rb"[+-]?\d*\.\d+")),
            ("token_HEX_STRING", re.compile(rb"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*")),
            ("token_REGEX", re.compile(rb"/(?:[^/\\]|\\.)*/", re.S)), ("token_REGEX", re.compile(rb"\|(?:[^|\\]|\\.)+\|", re.S)),
            ("token_FUNCTION", re.compile(rb"[A-Za-z_]\w*", re.A)), ("token_FIELD", re.compile(rb"[A-Za-z_][\w.-]*", re.A))]
ESCAPED_STRING = re.compile(rb"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.S)
ORDER = ["skip", *SYMBOLS.values(), *KEYWORDS.values(), "token_INT", "token_FLOAT", "token_BOOL", "token_STRING", "token_IP",
         "token_IP_CIDR", "token_HEX_STRING", "token_REGEX", *NAMES]


def ip_at(text):
    """The length of the longest IP address at the front."""
    quad = QUAD.match(text)
    run = re.match(rb"[0-9A-Fa-f:.]*", text)[0]
    for end in range(len(run), quad.end() if quad else 1, -1):
        if b":" in run[:end] and ip(run[:end]) is not None:
            return end
    return quad.end() if quad else 0


def string_at(text, fixed):
    if "S4" in fixed:
        found = ESCAPED_STRING.match(text)
        return found.end() if found else 0
    remembered = 0
    for at in range(1, len(text)):
        if text[at] == text[0]:
            remembered = at + 1
            if text[at - 1:at] != b"\\":
                return at + 1
    return remembered


def comment_at(text, fixed):
    if text.startswith(b"--"):
        return (text.find(b"\n") + 1) or len(text)
    end = text.find(b"*/", 2) if "S3" in fixed else text.rfind(b"*/", 2)
    return end + 2 if text.startswith(b"/*") and end > 0 else 0


def tokens(text, fixed=()):
    """(kind, text, offset, end) of each; the last is $end or token_ERROR."""
    at, found = 0, []
    while at < len(text):
        rest = text[at:]
        lengths = {"skip": comment_at(rest, fixed) or int(rest[:1] in b" \t\n\r")}
        for size in (1, 2):
            if rest[:size] in SYMBOLS and len(rest) >= size:
                lengths[SYMBOLS[rest[:size]]] = size
        word = WORD.match(rest)
        # A keyword is as long as the word it stands in only when that ends there: a longer name wins anyway.
        for size in range(1, word.end() + 1 if word else 1):
            kind = KEYWORDS.get(rest[:size].lower()) or ("token_BOOL" if rest[:size].lower() in (b"true", b"false") else None)
            if kind:
                lengths[kind] = size
        for kind, pattern in PATTERNS:
            match = pattern.match(rest)
            lengths[kind] = max(lengths.get(kind, 0), match.end() if match else 0)
        if rest[:1] in b"\"'":
            lengths["token_STRING"] = string_at(rest, fixed)
        if size := ip_at(rest):
            lengths["token_IP"] = size
            digits = re.match(rb"/\d{1,3}" if "S9" in fixed else rb"/\d{1,2}", rest[size:])
            lengths["token_IP_CIDR"] = size + digits.end() if digits else 0
        longest = max(lengths.values())
        if longest == 0:
            found.append(("token_ERROR", b"", at, at))
            return found
        kind = next(kind for kind in ORDER if lengths.get(kind) == longest)
        if kind != "skip":
            found.append((kind, rest[:longest], at, at + longest))
        at += longest
    found.append(("$end", b"", at, at))
    return found


def ip(text):
    """The 16 bytes of an address, None when it is none."""
    try:
        address = ipaddress.ip_address(text.decode("ascii"))
    except ValueError:
        return None
    if b"%" in text or not re.fullmatch(rb"[0-9A-Fa-f:.]+", text):
        return None
    return address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed


def cidr(text):
    """The network and its prefix (of 128), None when it is none."""
    address, _, digits = text.partition(b"/")
    base = 96 if b":" not in address else 0
    if ip(address) is None or not re.fullmatch(rb"\d+", digits) or base + int(digits) > 128:
        return None
    prefix = base + int(digits)
    mask = (1 << 128) - (1 << (128 - prefix))
    return (int.from_bytes(ip(address), "big") & mask).to_bytes(16, "big"), prefix


def unquoted(token):
    body = token[1:-1]
    if token[:1] == b"'":
        body = body.replace(b'"', b'\\"').replace(b"\\'", b"'")
    out = b""
    simple = dict(zip(b'abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))
    while body:
        escape = re.match(rb"\\(?:([abfnrtv\\\"])|x([0-9A-Fa-f]{2})|([0-7]{3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))", body)
        if escape:
            one, byte, octal, *code = escape.groups()
            code = int(code[0] or code[1] or b"0", 16)
            if octal and int(octal, 8) > 255 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
                return None
            out += (bytes([simple[one[0]]]) if one else bytes([int(byte, 16)]) if byte else
                    bytes([int(octal, 8)]) if octal else chr(code).encode())
            body = body[escape.end():]
        elif body[:1] in b'\\"\n':
            return None
        else:
            size = next((size for size in range(1, 5) if is_utf8(body[:size])), 0)
            out += body[:size] or b"\xef\xbf\xbd"
            body = body[size or 1:]
    return out


def is_utf8(text):
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown(text):
    return go_quoted(text.decode("utf-8", "replace"))


def literal(kind, raw, is_regex):
    """(type, value) of a literal; ValueError with the cause."""
    if kind == "token_INT":
        digits = raw.lstrip(b"+-")
        octal = len(digits) > 1 and digits.startswith(b"0")
        if not octal or re.fullmatch(rb"[0-7]+", digits):
            value = int(digits, 8 if octal else 10) * (-1 if raw.startswith(b"-") else 1)
            if -1 << 63 <= value < 1 << 63:
                return "int64", value
            if raw == digits and value < 1 << 64:
                return "uint64", value
        raise ValueError(f"parsing integer: invalid value {shown(raw)}")
    if kind == "token_FLOAT":
        if float(raw) in (float("inf"), float("-inf")):
            raise ValueError(f"strconv.ParseFloat: parsing {shown(raw)}: value out of range")
        return "float64", float(raw)
    if kind == "token_BOOL":
        return "bool", raw.lower() == b"true"
    if kind == "token_IP":
        return "ip", ip(raw)
    if kind == "token_IP_CIDR":
        if cidr(raw) is None:
            raise ValueError(f"invalid CIDR address: {raw.decode()}")
        return "cidr", cidr(raw)
    if kind == "token_HEX_STRING":
        return "hex", raw
    if kind == "token_REGEX":
        if not is_regex(raw[1:-1]):
            raise ValueError("error parsing regexp: ")
        return "regex", raw[1:-1]
    value = unquoted(raw)
    if value is None:
        raise ValueError("invalid syntax")
    if ip(value) is not None:
        return "ip", ip(value)
    if cidr(value) is not None:
        return "cidr", cidr(value)
    if re.fullmatch(rb"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", value):
        return "mac", bytes.fromhex(value.decode().replace(":", ""))
    return "string", value
