#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The existing rule engine's answers, read from where they are (QTAP_VECTORS, else ../shared/data): ours are equal, but
for what docs call a difference on purpose, each with its reason. Usage: rulecheck_test.py RULECHECK_ENGINE"""
import collections
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = pathlib.Path(os.environ.get("QTAP_VECTORS", HERE.parents[2] / "shared" / "data")) / "rulekit-sample.jsonl"
SKIPPED = 77  # meson: the test was skipped
# Answered, but not compared yet: evaluation in steps (then). `error` is the text of
# `errors`, `message` of parse is worded for people.
COMPARED = ("expect", "value", "missing_fields", "errors", "evaluated_rule", "rule_string", "parse", "tokens")

OPERAND = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*?"
NOT_EQUAL = re.compile(rf"not \(({OPERAND}) == ({OPERAND})\)(?![^ )])")


def load_rulecheck():
    loader = importlib.machinery.SourceFileLoader("rulecheck", str(HERE / "rulecheck"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("rulecheck", loader))
    loader.exec_module(module)
    return module


def canonical(key, answer):
    if key not in answer:
        return None
    what = answer[key]
    if key == "missing_fields":
        return sorted(set(what))
    if key == "parse":
        return what["line"], what["column"]
    if key == "errors":  # S22: missing fields are merged; lists have no order
        fields = sorted({field for error in what for field in error.get("fields", ())})
        return fields, sorted(error["msg"] for error in what if "msg" in error)
    if key == "value":
        return value(what)
    return what


def value(what):
    kind, v = what["t"], what.get("v")
    if kind in ("float64", "float32"):
        return kind, repr(float(v))
    if kind == "array":
        return kind, [value(item) for item in v or []]
    if kind == "map":
        return kind, sorted((key, value(item)) for key, item in v.items())
    return kind, v


def halved(text):
    """Rule text in which each doubled NOT is one: not (not (X)), not (!x), not (A not in B)."""
    at = 0
    while (at := text.find("not (", at)) >= 0:
        start, depth, end, infix = at + 5, 1, at + 5, False
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            infix |= depth == 1 and re.match(r" not (in|contains|=~) ", text[end:]) is not None
            end += 1
        inner = text[start:end - 1]
        if inner.startswith(("not (", "!")) or infix:
            text = text[:at] + inner + text[end:]
            at += 1  # the one that stays
        else:
            at += 1
    return text


class Reasons:
    """Why an answer differs on purpose: the list of section 0 of the language's description, each as a check."""

    def __init__(self, rulecheck, engine):
        self.rulecheck, self.engine = rulecheck, engine

    def ask(self, question):
        return self.rulecheck.Question(self.engine, question).ask()

    def negated_twice(self, text):
        """The rule with each NOT doubled: what `not` means where it does not negate, errors included (S2)."""
        question = self.rulecheck.Question(self.engine, {"op": "tokens", "rule": text})
        tokens, raw = question.ask()["tokens"], text.encode()
        for (kind, _), offset in reversed(list(zip(tokens, question.offsets, strict=True))):
            if kind == "op_NOT":
                raw = raw[:offset] + b" not " + raw[offset:]
        return raw.decode()

    def of(self, question, key, ours):
        theirs, text = canonical(key, question), question["rule"]
        if key == "rule_string":
            plain = NOT_EQUAL.sub(r"\1 != \2", ours["rule_string"])
            return "S15: not (a == b) renders as itself" if plain == theirs else None
        if key in ("tokens", "expect", "parse") and re.search(r"/\d{3}", text):
            return "S9: three digits of a prefix are read"
        if key in ("tokens", "expect", "parse") and re.search(r"""\\\\['"]""", text):
            return "S4: a string ends at the first quote that is not escaped"
        if key == "tokens" and any(kind == "token_STRING" and word[-2] == "\\" for kind, word in question["tokens"]):
            return "S4: an escaped quote does not end a string"
        if key == "expect" and question["expect"] == "parse_error" and re.search(r"(?i)\bin\b|\bnot\b|!", text):
            return "S13, S15: in FIELD, not in, not contains, not matches"
        if key == "evaluated_rule" and ours.get(key) is not None and theirs is not None:
            return self.of_rest(question, theirs, ours[key])
        if key in ("expect", "value", "missing_fields", "errors"):
            macros = {name: self.negated_twice(macro) for name, macro in question.get("macros", {}).items()}
            again = self.ask({**question, "rule": self.negated_twice(text), "macros": macros})
            if canonical(key, again) == theirs:
                return "S2: not negates (with every not doubled the answer is equal)"
        return None

    def of_rest(self, question, theirs, ours):
        def plain(text):
            return NOT_EQUAL.sub(r"\1 != \2", text)

        def flat(text):  # S37: upstream prints a macro's result without its parentheses
            return re.sub(r"[()]", "", plain(text)) if question.get("macros") else plain(text)

        if plain(ours) == theirs:
            return "S15: not (a == b) renders as itself, also in what is left"
        if flat(ours) == flat(theirs):
            return "S37: a macro's result keeps its parentheses"
        for whole in re.finditer(r"\[([^]]*)\]|\w+\(((?:[^()]|\([^()]*\))*)\)", plain(ours)):
            for element in (whole[1] or whole[2] or "").split(", "):
                if plain(ours)[:whole.start()] + element + plain(ours)[whole.end():] == theirs:
                    return "S21: a call or array that lacks an element stays whole"
        macros = {name: self.negated_twice(text) for name, text in question.get("macros", {}).items()}
        again = self.ask({**question, "rule": self.negated_twice(question["rule"]), "macros": macros})
        if flat(halved(again["evaluated_rule"])) == flat(theirs):
            return "S2: not negates, so that another side decides"
        return None


def main():
    rulecheck = load_rulecheck()
    if not VECTORS.exists():
        print(f"skipped: no {VECTORS}")
        return SKIPPED
    engine = rulecheck.start(sys.argv[1])

    known = Reasons(rulecheck, engine)
    asked, wrong, reasons = 0, 0, collections.Counter()
    for line in VECTORS.read_text().splitlines():
        question = json.loads(line)
        ours = rulecheck.Question(engine, question).ask()
        asked += 1
        for key in COMPARED:
            if canonical(key, ours) == canonical(key, question):
                continue
            why = known.of(question, key, ours)
            if why is not None:
                reasons[why] += 1
                continue
            wrong += 1
            print(f"{question['rule']!r} {question.get('kv')}: {key} is {question.get(key)}, ours {ours.get(key)}")
    engine.stdin.close()
    engine.wait(timeout=10)
    for why, count in sorted(reasons.items()):
        print(f"{count} answers differ: {why}")
    print(f"{asked} questions, {wrong} wrong answers")
    return 1 if wrong or not asked else 0


sys.exit(main())
