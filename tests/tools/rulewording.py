# SPDX-License-Identifier: Apache-2.0
"""The existing engine's words for a rule that does not parse, from what libqtap says of it: its answers can then be
compared as they are. libqtap's own words are for people."""
import re

LITERALS = {"token_INT": "integer", "token_FLOAT": "float", "token_BOOL": "boolean", "token_STRING": "string", "token_IP": "IP",
            "token_IP_CIDR": "CIDR", "token_HEX_STRING": "hex string", "token_REGEX": "regex"}
# What libqtap expected, and the tokens that the existing engine lists in its place.
EXPECTED = {'"and" or "or"': "op_AND op_OR", '"and", "or" or ")"': "op_AND op_OR token_RPAREN",
            "a number or a field": "token_FIELD token_FUNCTION token_INT token_FLOAT", "a regex like /text/": "token_REGEX",
            "a list like [1, 2], a network like 10.0.0.0/8 or a field": "token_IP_CIDR token_LBRACKET",
            '"," or "]"': "token_RBRACKET token_COMMA", '"," or ")"': "token_RPAREN token_COMMA",
            'an argument after "("': "token_RPAREN token_COMMA", "an argument": "", "a condition": "", "a value": ""}
# RE2's names of errors, and those of Go's regexp.
REGEX_ERRORS = {"missing ]": "missing closing ]", "missing )": "missing closing )",
                "trailing \\": "trailing backslash at end of expression",
                "no argument for repetition operator": "missing argument to repetition operator",
                "invalid repetition size": "invalid repeat count", "bad repetition operator": "invalid nested repetition operator",
                "invalid perl operator": "invalid or unsupported Perl syntax",
                "invalid named capture group": "invalid named capture"}


def go_quoted(text):
    """Go's %q."""
    simple = {"\\": "\\\\", '"': '\\"', "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}

    def one(c):
        if c in simple or c.isprintable():
            return simple.get(c, c)
        return f"\\x{ord(c):02x}" if c < "\x80" else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
    return '"' + "".join(map(one, text)) + '"'


def cause(kind, raw, said):
    """Why a literal is none."""
    if kind == "string":
        return "invalid syntax"
    if kind == "integer":
        return f"parsing integer: invalid value {go_quoted(raw)}"
    if kind == "float":
        return f"strconv.ParseFloat: parsing {go_quoted(raw)}: value out of range"
    if kind == "CIDR":
        return f"invalid CIDR address: {raw}"
    if said.startswith("\\C "):
        return "error parsing regexp: invalid escape sequence: `\\C`"
    known = re.fullmatch(r"regex does not compile: ([^:]*)(?:: (.*))?", said, re.S)
    if not known:
        return f"error parsing regexp: {said}"
    name, piece = REGEX_ERRORS.get(known[1], known[1]), known[2] or ""
    return f"error parsing regexp: {name}: `{piece}`"


def message(found, raw, said, in_parentheses):
    """`found` is the token at which the rule is wrong, `raw` its text, `said` libqtap's words without the position."""
    calls = re.fullmatch(r'function (".*") takes (\d+) arguments?, not (\d+)', said)
    if calls:
        return f"function {calls[1]} expects {calls[2]} arguments, got {calls[3]}"
    if said == "the rule is empty":
        return "syntax error: unexpected $end"
    wanted = None
    if said.startswith("expected "):
        said = said.removeprefix("expected ").replace("an operator, ", "", 1)
        wanted = next((tokens for words, tokens in EXPECTED.items() if re.match(re.escape(words) + "( after|, found|$)", said)), None)
        wanted = wanted if wanted is not None else next((EXPECTED[words] for words in EXPECTED if said.startswith(words)), None)
    elif " compares numbers and fields only" in said:
        wanted = "op_AND op_OR token_RPAREN" if in_parentheses else "op_AND op_OR"
    elif found in LITERALS:
        return f"parsing {LITERALS[found]} value {go_quoted(raw)}: {cause(LITERALS[found], raw, said)}"
    if wanted is None:
        return said
    return f"syntax error: unexpected {found}" + (", expecting " + " or ".join(wanted.split()) if wanted else "")
