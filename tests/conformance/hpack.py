#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The HPACK vectors of hpack-test-case: each block decodes to its fields; and joined late at any block, each field is
the right one or unknown, never another. Usage: hpack.py HPACK_DECODE"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VECTORS = pathlib.Path(os.environ.get("QTAP_VECTORS", ROOT.parent / "shared" / "data")) / "hpack"
SKIPPED = 77  # meson: the test was skipped
DEFAULT_TABLE = 4096  # RFC 9113, 6.5.2


def run(program, lines):
    """The blocks that come out: lists of (name, value) as hex, None for a block that is broken."""
    done = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True, timeout=120)
    blocks, fields = [], []
    for line in done.stdout.splitlines():
        if line in ("end", "broken"):
            blocks.append(fields if line == "end" else None)
            fields = []
        else:
            fields.append(tuple(line.split(":")))
    return blocks


def script(cases, start):
    lines, table = [f"start {start}"], DEFAULT_TABLE
    for case in cases:
        size = case.get("header_table_size", table)
        if size != table:
            lines.append(f"size {size}")
            table = size
        lines.append(f"block {case['wire']}")
    return lines


def fields_of(case):
    return [(name.encode().hex(), value.encode().hex()) for header in case["headers"] for name, value in header.items()]


def main():
    program = sys.argv[1]
    stories = sorted(VECTORS.glob("*/story_*.json"))
    if not stories:
        print(f"skipped: no HPACK vectors in {VECTORS}")
        return SKIPPED
    blocks = late_fields = unknown = wrong = 0
    for story in stories:
        cases = json.loads(story.read_text())["cases"]
        expected = [fields_of(case) for case in cases]
        for number, (got, want) in enumerate(zip(run(program, script(cases, "exact")), expected, strict=True)):
            blocks += 1
            if got != want:
                wrong += 1
                print(f"{story.parent.name}/{story.name} block {number}: expected {want}, got {got}")
        # Every start for short stories, a hundred of them for long ones.
        for first in range(1, len(cases), max(1, len(cases) // 100)):
            got_late = run(program, script(cases[first:], "late"))
            for number, (got, want) in enumerate(zip(got_late, expected[first:], strict=True)):
                if got is None or len(got) != len(want):
                    wrong += 1
                    print(f"{story.parent.name}/{story.name} from {first}, block {first + number}: got {got}")
                    continue
                for (name, value), truth in zip(got, want, strict=True):
                    late_fields += 1
                    unknown += name == "?"
                    if name not in ("?", truth[0]) or value not in ("?", truth[1]):
                        wrong += 1
                        print(f"{story.name} from {first}, block {first + number}: {name}:{value} is {truth}")
    print(f"{len(stories)} stories, {blocks} blocks; joined late: {late_fields} fields, {unknown} unknown; {wrong} wrong")
    return 1 if wrong or not blocks or not late_fields or not unknown else 0


sys.exit(main())
