#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up what tests/run.sh collected in a folder: *.json of meson, *.xml of pytest, *.code = exit code of a runner.

Prints the skipped and failed tests by name, then one line "N passed, N failed, N skipped". A runner that fails without
naming a test, or that leaves no result, counts as one failure. Exit code 1 when anything failed.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree


def meson_results(path):
    kinds = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}
    for line in path.read_text().splitlines():
        test = json.loads(line)
        yield test["name"], kinds.get(test["result"], "failed"), ""


def pytest_results(path):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed", ""
        elif (skipped := case.find("skipped")) is not None:
            yield name, "skipped", skipped.get("message", "")
        else:
            yield name, "passed", ""


def results_of(code_file):
    """The results of one runner; its exit code must agree with them."""
    base = code_file.with_suffix("")
    code = int(code_file.read_text())
    found = []
    try:
        if base.with_suffix(".json").exists():
            found = list(meson_results(base.with_suffix(".json")))
        elif base.with_suffix(".xml").exists():
            found = list(pytest_results(base.with_suffix(".xml")))
    except (ValueError, KeyError, xml.etree.ElementTree.ParseError) as error:
        found = [(f"{base.name}: unreadable results: {error}", "failed", "")]
    if not found:
        found = [(f"{base.name}: no results, exit code {code}", "failed", "")]
    elif code != 0 and all(kind != "failed" for _, kind, _ in found):
        found.append((f"{base.name}: exit code {code} though no test failed", "failed", ""))
    return found


def main(folder):
    found = [result for code in sorted(pathlib.Path(folder).glob("*.code")) for result in results_of(code)]
    for wanted in ("skipped", "failed"):
        for name, kind, why in found:
            if kind == wanted:
                print(f"{kind}: {name}" + (f" ({why})" if why else ""))
    count = {kind: sum(1 for _, k, _ in found if k == kind) for kind in ("passed", "failed", "skipped")}
    if not found:
        count["failed"] = 1
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
