# SPDX-License-Identifier: Apache-2.0
"""Rules as the description of the language has them (sections 3 and 10): trees, or what is wrong and where."""
import rulemodel_words as words
from rulemodel_words import NAMES

OPERATORS = {"op_EQ": "==", "op_NE": "!=", "op_LT": "<", "op_LE": "<=", "op_GT": ">", "op_GE": ">=", "op_CONTAINS": "contains"}
LITERALS = {"token_INT": "integer", "token_FLOAT": "float", "token_BOOL": "boolean", "token_STRING": "string", "token_IP": "IP",
            "token_IP_CIDR": "CIDR", "token_HEX_STRING": "hex string", "token_REGEX": "regex"}
NUMBERS = ("token_INT", "token_FLOAT")


class Wrong(Exception):
    """A rule that does not parse: what was found, what could follow, and the offset that the engine stands at."""

    def __init__(self, offset, message):
        super().__init__(message)
        self.offset, self.message = offset, message


class Parser:
    """Trees are tuples: ("and", l, r), ("or", l, r), ("not", x), ("compare", l, op, r), ("match", l, r), ("in", l, r),
    ("field", name), ("literal", raw, type, value), ("array", elements), ("call", name, args)."""

    def __init__(self, text, fixed, is_regex):
        self.tokens, self.at, self.fixed, self.is_regex = words.tokens(text, fixed), 0, fixed, is_regex
        self.open = 0  # parentheses

    @property
    def kind(self):
        return self.tokens[self.at][0]

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def wrong(self, *wanted):
        message = f"syntax error: unexpected {self.kind}"
        raise Wrong(self.tokens[self.at][3], message + (", expecting " + " or ".join(wanted) if wanted else ""))

    def expect(self, kind, *wanted):
        if self.kind != kind:
            self.wrong(*wanted)
        return self.take()

    def whole(self):
        tree = self.condition()
        if self.kind != "$end":
            self.wrong("op_AND", "op_OR")
        return tree

    def condition(self):  # S1: OR binds tighter
        left = self.alternatives()
        while self.kind == "op_AND":
            self.take()
            left = "and", left, self.alternatives()
        return left

    def alternatives(self):
        left = self.negation()
        while self.kind == "op_OR":
            self.take()
            left = "or", left, self.negation()
        return left

    def negation(self):
        if self.kind == "op_NOT":
            self.take()
            return "not", self.negation()
        if self.kind == "token_LPAREN":
            self.take()
            self.open += 1
            tree = self.condition()
            self.expect("token_RPAREN", "op_AND", "op_OR", "token_RPAREN")
            self.open -= 1
            return tree
        return self.predicate()

    def predicate(self):
        number = self.kind in NUMBERS or self.kind in NAMES
        left = self.operand()
        number = number and left[0] != "call"
        if "S15" in self.fixed and self.kind == "op_NOT":
            if self.tokens[self.at + 1][0] in ("op_CONTAINS", "op_MATCHES", "op_IN"):
                self.take()
                return "not", self.comparison(left, number)
        return self.comparison(left, number)

    def comparison(self, left, number):
        kind = self.kind
        if kind in ("op_EQ", "op_NE", "op_CONTAINS"):
            self.take()
            return "compare", left, OPERATORS[kind], self.operand()
        if kind in ("op_LT", "op_LE", "op_GT", "op_GE") and number:
            self.take()
            if self.kind not in NUMBERS + NAMES:
                self.wrong("token_FIELD", "token_FUNCTION", "token_INT", "token_FLOAT")
            return "compare", left, OPERATORS[kind], self.value()
        if kind == "op_MATCHES":
            self.take()
            if self.kind != "token_REGEX":
                self.wrong("token_REGEX")
            return "match", left, self.value()
        if kind == "op_IN":
            self.take()
            if self.kind == "token_IP_CIDR":
                return "compare", left, "==", self.value()
            called = self.kind == "token_FUNCTION" and self.tokens[self.at + 1][0] == "token_LPAREN"
            if "S13" in self.fixed and self.kind in NAMES and not called:
                return "in", left, self.value()
            if self.kind != "token_LBRACKET":
                self.wrong("token_IP_CIDR", "token_LBRACKET")
            return "in", left, self.operand()
        if kind not in ("op_AND", "op_OR", "token_RPAREN", "$end") or kind == "token_RPAREN" and not self.open:
            self.wrong("op_AND", "op_OR", *["token_RPAREN"] * bool(self.open))
        return left

    def operand(self):
        if self.kind == "token_LBRACKET":
            self.take()
            elements = [self.value()]
            while self.kind == "token_COMMA":
                self.take()
                elements.append(self.value())
            self.expect("token_RBRACKET", "token_RBRACKET", "token_COMMA")
            return "array", tuple(elements)
        if self.kind != "token_FUNCTION" or self.tokens[self.at + 1][0] != "token_LPAREN":
            return self.value()
        name = self.take()[1].decode()
        self.take()
        args = []
        if self.kind != "token_RPAREN":
            if self.kind == "token_COMMA":  # S12
                self.take()
            elif self.kind not in LITERALS and self.kind not in NAMES and self.kind != "token_LBRACKET":
                self.wrong("token_RPAREN", "token_COMMA")
            args.append(self.operand())
            while self.kind == "token_COMMA":
                self.take()
                args.append(self.operand())
        end = self.expect("token_RPAREN", "token_RPAREN", "token_COMMA")[3]
        if name == "starts_with" and len(args) != 2:
            raise Wrong(end, f'function "starts_with" expects 2 arguments, got {len(args)}')
        return "call", name, tuple(args)

    def value(self):
        if self.kind in NAMES:
            return "field", self.take()[1].decode()
        if self.kind not in LITERALS:
            self.wrong()
        kind, raw, _, end = self.take()
        try:
            return "literal", raw.decode("utf-8", "replace"), *words.literal(kind, raw, self.is_regex)
        except ValueError as cause:
            raise Wrong(end, f"parsing {LITERALS[kind]} value {words.shown(raw)}: {cause}") from None


def position(text, offset):
    line = text[:offset].rpartition(b"\n")[2]
    return text[:offset].count(b"\n") + 1, 1 + len(line.decode("utf-8", "replace").encode())
