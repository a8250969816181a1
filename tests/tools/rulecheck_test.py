#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libqtap's answers about the rule language are those of its description (rulemodel.py), with what section 0 there mends;
the description's own, with nothing mended, are the existing engine's. The latter is seen on the vectors, read from where
they are (QTAP_VECTORS, else ../shared/data), the former on these and on questions made here.
Usage: rulecheck_test.py RULECHECK_ENGINE vectors|made [SEED COUNT]"""
import collections
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import random
import sys

import rulemodel
import rulequestions

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = pathlib.Path(os.environ.get("QTAP_VECTORS", HERE.parents[2] / "shared" / "data")) / "rulekit-sample.jsonl"
SKIPPED = 77  # meson: the test was skipped
STEP = ("expect", "value", "missing_fields", "errors", "evaluated_rule")
COMPARED = (*STEP, "rule_string", "parse", "tokens", "then")
SHOWN = 20  # of the wrong answers


def load_rulecheck():
    loader = importlib.machinery.SourceFileLoader("rulecheck", str(HERE / "rulecheck"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("rulecheck", loader))
    loader.exec_module(module)
    return module


def canonical(key, answer):
    if key not in answer:
        return None
    what = answer[key]
    if key == "parse":
        # Of a regex only that it is wrong: the model asks libqtap itself.
        return what["line"], what["column"], what["message"].partition("error parsing regexp")[0]
    if key == "errors":  # lists have no order
        return sorted(json.dumps(error, sort_keys=True) for error in what)
    if key == "value":
        return value(what)
    if key == "then":
        return [{part: canonical(part, step) for part in STEP} for step in what]
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


def differing(left, right):
    return [key for key in COMPARED if canonical(key, left) != canonical(key, right)]


class Judge:
    def __init__(self, rulecheck, engine):
        self.rulecheck, self.engine = rulecheck, engine
        self.found = {}  # what a regex finds; the regex library is not what is tested here
        self.models = {}
        self.asked, self.wrong, self.reasons = 0, 0, collections.Counter()

    def ask(self, question):
        return self.rulecheck.Question(self.engine, question).ask()

    def search(self, pattern, subject):
        if (pattern, subject) not in self.found:
            delimiter = b"/" if b"/" not in pattern.replace(b"\\/", b"") else b"|"
            asked = {"rule": (b"s == " + delimiter + pattern + delimiter).decode() if pattern else "s == //",
                     "kv": {"s": {"t": "string", "v": subject.decode("utf-8", "replace")}}}
            self.found[pattern, subject] = self.ask(asked)["expect"]
        return self.found[pattern, subject] == "pass"

    def is_regex(self, pattern):
        self.search(pattern, b"")
        return self.found[pattern, b""] != "parse_error"

    def model(self, fixed, question):
        if fixed not in self.models:
            self.models[fixed] = rulemodel.Model(fixed, self.search, self.is_regex)
        return self.models[fixed].answer(question)

    def judge(self, question, theirs=None):
        self.asked += 1
        ours, wanted = self.ask(question), self.model(rulemodel.OURS, question)
        wrong = [("ours", key, ours, wanted) for key in differing(ours, wanted)]
        if theirs is not None:
            described = self.model(frozenset(), question)
            wrong += [("the existing engine's", key, theirs, described) for key in differing(theirs, described)]
            for key in differing(ours, theirs):
                self.explain(question, key, wanted)
        for whose, key, answer, model in wrong:
            self.wrong += 1
            if self.wrong <= SHOWN:
                print(f"{json.dumps(question)}\n  {whose} {key} is {answer.get(key)}\n  described {model.get(key)}")

    def explain(self, question, key, wanted):
        """Which of section 0 make the difference: those without which the answer is another one."""
        causes = [cause for cause in sorted(rulemodel.OURS)
                  if canonical(key, self.model(rulemodel.OURS - {cause}, question)) != canonical(key, wanted)]
        self.reasons[key, " and ".join(causes) or "several together"] += 1


def main():
    rulecheck = load_rulecheck()
    mode, *numbers = sys.argv[2:]
    if mode == "vectors" and not VECTORS.exists():
        print(f"skipped: no {VECTORS}")
        return SKIPPED
    engine = rulecheck.start(sys.argv[1])
    judge = Judge(rulecheck, engine)
    if mode == "vectors":
        for line in VECTORS.read_text().splitlines():
            known = json.loads(line)
            judge.judge(known, known)
    else:
        seed, count = map(int, numbers)
        for question in rulequestions.questions(random.Random(seed), count):
            judge.judge(question)
    engine.stdin.close()
    engine.wait(timeout=10)
    for (key, why), count in sorted(judge.reasons.items()):
        print(f"{count} answers differ from the existing engine's in {key}: {why}")
    print(f"{judge.asked} questions, {judge.wrong} wrong answers")
    return 1 if judge.wrong or not judge.asked else 0


if __name__ == "__main__":
    sys.exit(main())
