# SPDX-License-Identifier: Apache-2.0
"""Questions about the rule language in any number, in the shapes of the vectors and wider: every pair of types, rules
grown from the grammar, the same with slips of the pen, pieces of text put together blindly."""
import itertools
import json


def typed(**kinds):
    return [{"t": kind, "v": v} for kind, several in kinds.items() for v in several]


VALUES = [{"t": "null"}, *typed(
    bool=[True, False], int=["5", "0", "-7"], int64=["-9223372036854775808", "9223372036854775807"],
    uint=["5", "0"], uint64=["5", "18446744073709551615"], float32=["0.1", "5", "16777216"],
    float64=["5", "5.5", "-0", "nan", "inf", "-inf", "9007199254740992"],
    string=["", "5", "abc", "xabcx", "true", "1.2.3.4", "1.2.3.0/24", "::1", "ab:cd:ef:01:02:03", "AB:CD:EF:01:02:03", "ABC\n"],
    string_hex=["abcdef010203"], bytes=["", "616263"],
    ip=["1.2.3.4", "1.2.3.5", "::1", "::ffff:1.2.3.4", "2001:db8::1", "0.0.0.0"], ip4=["1.2.3.4"],
    cidr=["0.0.0.0/0", "1.2.3.0/24", "::/0", "::ffff:1.2.3.0/120", "2001:db8::/33", "1.2.3.4/32"],
    mac=["00:cd:ef:01:02:03", "ab:cd:ef:01:02:03"], hex=["35", "61:62:63", "AB:CD:EF:01:02:03", "cd:ef"],
    regex=["", "5", "abc", "(?i)ABC", "^a.c$", "[^b]$"], strings=[[], ["5", "abc"], ["zzz"], ["1.2.3.4"], ["abc", "abc"]],
    ints=[[], ["5", "7"]], int64s=[["5"]], uints=[["5"]], uint64s=[["5", "7"]], float32s=[["5"]], float64s=[["5", "7"]],
    int32=["0", "5"], bools=[["true"]], ips=[["1.2.3.4"]],
    array=[[], typed(int=["5"], string=["abc"]), typed(ip=["1.2.3.4"]), typed(cidr=["1.2.3.0/24"]), typed(array=[typed(int=["5"])]),
           [{"t": "null"}], typed(strings=[["abc", "x"]], mac=["ab:cd:ef:01:02:03"], regex=["abc"], float64=["nan"])],
    map=[{}, {"k": {"t": "int", "v": "1"}}])]
SHAPES = ["l == r", "l != r", "l < r", "l <= r", "l > r", "l >= r", "l contains r", "l in [r]", "l == [r, 5]", "[l] != r",
          "[l, 5] contains r", "not l == r", "not l != r", "l not in [r]", "l in r", "l not contains r", "starts_with(l, r)", "l and r",
          "l or r", "not l", "l matches /5|b/", "l not matches /(?i)ABC/"]


def pairs(random, count):
    every = list(itertools.product(SHAPES, VALUES, VALUES))
    for shape, left, right in random.sample(every, min(count, len(every))):
        yield {"op": "eval", "rule": shape, "kv": {"l": left, "r": right}}


FIELDS = ["a", "b", "c", "tags", "host", "user-agent", "src.ip", "src.port", "n.deep.x", "missing1", "missing2"]
LITERALS = ["0", "1", "5", "+5", "-7", "010", "18446744073709551615", "9007199254740993", "5.5", ".5", "9007199254740992.0", "true",
            "FALSE", '""', '"abc"', "'abc'", r"'it\'s'", r'"a\tb\x41"', '"1.2.3.4"', '"1.2.3.0/24"', '"2001:DB8::1"',
            '"ab:cd:ef:01:02:03"', "1.2.3.4", "::1", "2001:db8::1", "::ffff:1.2.3.4", "1.2.3.0/24", "10.0.0.0/8", "::/0", "47:45:54",
            "ab:cd:ef:01:02:03", "4a", "fe", "/abc/", "/(?i)ABC/", "/^a.c$/", "|b|"]
# What the vectors have too few of: limits of numbers, escapes, addresses at their edges, dialects of regexes.
MORE_LITERALS = [
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "+9223372036854775808", "-9223372036854775809",
    "18446744073709551616", "08", "-010", "00", "007.5", "-.5", "1e5", "0x1F", "1.", "0.1", "123456.7", "1234567.0", "0.00001",
    "9" * 310 + ".0", "-0." + "0" * 400 + "1",
    r'"\\"', r"'\\'", r'"\""', r"'\"'", r"'say \\\'x\\\''", r'"\x00\377"', r'"\400"', r'"\0"', r'"\u00e9"', r'"\U0001F600"', r'"\ud800"',
    r'"\U00110000"', '"é"', "'\"'", '"a\tb"', '"a\nb"', r'"\z"', r'"\/"', r'"1.2.3.4\x00"', '"::ffff:1.2.3.4"', '"1.2.3.4/032"',
    '"01.2.3.4"', '"1.2.3.4/33"', '"::1/128"', '"::1%eth0"', '"ab-cd-ef-01-02-03"', '"01:23:45:67:89:ab:cd:ef"', '" 1.2.3.4"',
    "::", "::1.2.3.4", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1::8::9", "1:2:3:4:5:6:1.2.3.4", "fe80::1", "::12345",
    "1.2.3.256", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.4/32", "1.2.3.4/33", "10.1.2.3/08", "::ffff:1.2.3.0/120", "::1/128", "::/129",
    "2001:db8::/32", "0.0.0.0/0", "01:23:45:67:89:ab:cd:ef", "01:23:45:67:89", "ab:cd:ef:01:02:03:04", "a1", "E0", "1a", "12:34",
    "504f5354", "db.x", "a--b", "true-", "and.y", "a.", "_", r"/a\/b/", r"|a\|b|", "//", r"/\pL+/", r"/\p{Greek}/", r"/a\z/", r"/\Qa.c\E/",
    r"/(?U)a+/", r"/(?s)a.c/", r"/(?m)^b$/", r"/(?P<n>b)/", r"/(?<n>b)/", r"/[[:alpha:]]+/", r"/[^[:^alpha:]]/", r"/x{2,3}/", "/x{1001}/",
    "/(x{100}){11}/", r"/\C/", r"/\Z/", r"/(?=a)/", r"/(a)\1/", "/a**/", "/(/", "/[/]/", "/[z-a]/", r"/\x{e9}/", r"/\xff/", "/é/", "/(?i)É/",
    r"/\bA/", "/a|/", "/^$/", r"/^\S+@\S+$/", r"/\_/", r"/[a\-z]/", "/a{,2}/", "/(?i)k/", "/(?)ABC/", "/(?-i)a/", "/(?i:A)b/"]
CALLS = ["m1()", "m2()", "m3()", "m1(1)", "nosuch(a)", "id({})", "cat({})", "boom()", "cat()", "starts_with({}, {})", "id(cat({}))",
         "starts_with({})", "id(,{})", "id([{}, {}])"]
MACROS = {"m1": "a == 5 and b", "m2": "(missing1 or a) and (b or c)", "m3": 'tags contains "abc"'}
MORE_MACROS = {"m1": "(a and b) and c", "m2": "not m1() or missing1 or not (a == 5)", "m3": "[missing2, tags]"}
FUNCTIONS = {"id": {"args": ["v"], "impl": "identity"}, "cat": {"args": ["s"], "impl": "concat:p-"},
             "boom": {"args": [], "impl": "error:boom"}}
FIELD_SETS = [
    {},
    {"a": {"t": "int", "v": "0"}, "b": {"t": "null"}, "c": {"t": "mac", "v": "ab:cd:ef:01:02:03"}, "tags": {"t": "ints", "v": ["5", "1"]},
     "host": {"t": "array", "v": []}, "src": {"t": "int", "v": "1"}},
    {"a": {"t": "uint64", "v": "18446744073709551615"}, "b": {"t": "string", "v": "1.2.3.4"}, "src.ip": {"t": "string", "v": "1.2.3.4"},
     "src.port": {"t": "float64", "v": "5.5"}, "tags": {"t": "strings", "v": ["abc", "x"]}, "c": {"t": "bool", "v": False},
     "n": {"t": "map", "v": {"deep.x": {"t": "int", "v": "0"}}}},
    {"a": {"t": "int", "v": "5"}, "b": {"t": "string", "v": "abc"}, "c": {"t": "bool", "v": True},
     "src": {"t": "map", "v": {"ip": {"t": "ip", "v": "1.2.3.4"}, "port": {"t": "int", "v": "443"}}},
     "tags": {"t": "array", "v": typed(string=["abc"], int=["5"])}, "host": {"t": "string", "v": "www.abc.com"},
     "user-agent": {"t": "string", "v": "curl"}, "n": {"t": "map", "v": {"deep": {"t": "map", "v": {"x": {"t": "null"}}}}}},
    {"a": {"t": "string", "v": "a/\"b\\\n"}, "b": {"t": "regex", "v": "b"}, "c": {"t": "cidr", "v": "1.2.3.0/24"},
     "src.ip": {"t": "string", "v": "\u00e9\u4e2d"}, "host": {"t": "strings", "v": []}, "missing1": {"t": "float64", "v": "nan"},
     "tags": {"t": "array", "v": [{"t": "array", "v": [{"t": "string", "v": "abc"}]}, {"t": "null"}]}},
]
# Pieces of text for rules that nobody would write.
PIECES = ["\"", "'", "\\\"", "\\'", "\\\\", "/*", "*/", "--", "//", "/", "|", "||", "&&", "&", "==", "=", "!", "!=", "<", ">", "<=", ">=",
          "=~", "~", "(", ")", "[", "]", ",", " ", "\n", "\t", "\r", ".", "-", "+", ":", "::", "0", "1", "9", "10", "12", "255", "256", "fe",
          "ff:", "db8", "1.2.3.4", "::1", "47:45:54", "/128", "and", "or", "not", "in", "contains", "matches", "true", "e", "a", "x_", "_", "G",
          "\u00e9", "*", ";", "\x00", "\x7f", "5.", "eq", "Ne"]


class Grammar:
    """Rules as their writers write them; `wide` adds what the vectors do not have."""

    def __init__(self, random, wide):
        self.random, self.wide = random, wide
        self.literals = LITERALS + MORE_LITERALS if wide else LITERALS

    def literal(self):
        return self.random.choice(self.literals)

    def value(self):
        return self.random.choice(FIELDS) if self.random.random() < 0.5 else self.literal()

    def array(self):
        return "[" + ", ".join(self.value() for _ in range(self.random.randint(1, 4))) + "]"

    def operand(self, depth=2):
        chance = self.random.random()
        if chance < 0.12 and depth:
            call = self.random.choice(CALLS if self.wide else CALLS[:10])
            return "".join(part if part != "{}" else self.operand(depth - 1) for part in split(call))
        return self.array() if chance < 0.24 else self.value()

    def predicate(self):
        random = self.random
        form = random.randint(0, 7 if self.wide else 5)
        number = [lambda: random.choice(FIELDS), lambda: random.choice(LITERALS[:11])]
        if form == 0:
            return f"{random.choice(number)()} {random.choice('< <= > >= lt GE'.split())} {random.choice(number)()}"
        if form == 1:
            regexes = [text for text in self.literals if text[0] in "/|"]
            return f"{self.operand()} {random.choice(['matches', '=~'])} {random.choice(regexes)}"
        if form == 2:
            return f"{self.operand()} in {random.choice([self.array(), '1.2.3.0/24', '10.0.0.0/8', '::/0'])}"
        if form == 3 and random.random() < 0.5:
            return self.operand()
        if form == 6:
            return f"{self.operand()} in {random.choice(FIELDS)}"
        if form == 7:
            return f"{self.operand()} not {random.choice(['in', 'contains', 'matches', 'in tags and', 'eq'])} {self.operand()}"
        return f"{self.operand()} {random.choice('== != eq NE contains'.split())} {self.operand()}"

    def rule(self, depth=3):
        chance = self.random.random()
        if depth == 0 or chance < 0.35:
            return self.predicate()
        if chance < 0.5:
            return self.random.choice(["not ", "!"]) + self.rule(depth - 1)
        if chance < 0.65:
            return f"({self.rule(depth - 1)})"
        word = self.random.choice(["and", "AND", "&&", "or", "||", "Or"])
        blank = self.random.choice([" ", " ", " ", "\n", " /* c */ ", " -- c\n"]) if self.wide else " "
        return f"{self.rule(depth - 1)} {word}{blank}{self.rule(depth - 1)}"

    def question(self, rule):
        random = self.random
        asked = {"op": "eval", "rule": rule, "kv": random.choice(FIELD_SETS if self.wide else FIELD_SETS[:4])}
        if random.random() < 0.4:
            asked["macros"] = MORE_MACROS if self.wide and random.random() < 0.4 else MACROS
        if random.random() < 0.4:
            asked["functions"] = FUNCTIONS
        if random.random() < 0.3:
            asked["then"] = [{"kv": random.choice(FIELD_SETS)} for _ in range(random.randint(1, 2))]
        return asked


def split(call):
    parts = call.split("{}")
    return [part for pair in zip(parts, ["{}"] * len(parts), strict=True) for part in pair][:-1]


def mutated(random, rule):
    for _ in range(random.randint(1, 3)):
        at, end = sorted(random.randint(0, len(rule)) for _ in range(2))
        end = min(end, at + random.choice([0, 1, 1, 1, 2, 5]))
        what = random.random()
        if what < 0.1:
            rule = rule[:at]
        elif what < 0.5:
            rule = rule[:at] + rule[end:]
        else:
            rule = rule[:at] + random.choice(PIECES) + rule[at if what < 0.8 else end:]
    return rule


def questions(random, count):
    """`count` of each sort. Rules that are valid JSON text only."""
    yield from pairs(random, count)
    for wide in (False, True):
        grammar = Grammar(random, wide)
        for _ in range(count):
            yield grammar.question(grammar.rule())
            yield grammar.question(mutated(random, grammar.rule()))
            yield {"op": "tokens", "rule": "".join(random.choices(PIECES, k=random.randint(1, 12)))}
        for text in grammar.literals:
            for kv in FIELD_SETS:
                yield {"op": "eval", "rule": f"b == {text}", "kv": kv}
                yield {"op": "eval", "rule": text, "kv": kv}
            yield {"op": "tokens", "rule": text}


if __name__ == "__main__":
    import random as generator
    import sys
    for asked in questions(generator.Random(int(sys.argv[1])), int(sys.argv[2])):
        print(json.dumps(asked))
