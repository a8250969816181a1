#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""All cases of a SigV4 suite (QTAP_VECTORS, else ../shared/data: sigv4/*/CASE) through tests/tools/sigv4: canonical request,
string to sign, signature and signed request, by header and by query. Usage: sigv4_test.py BUILD_DIR. Exit 77: no cases."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = pathlib.Path(os.environ.get("QTAP_VECTORS") or HERE.parents[2] / "shared" / "data") / "sigv4"
SKIPPED = 77
STEPS = ("canonical-request", "string-to-sign", "signature", "signed-request")


def ask(build, folders):
    done = subprocess.run([HERE / "sigv4", *folders], env={**os.environ, "QTAP_BUILD_DIR": build}, check=True, timeout=120,
                          stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def comparable(step, text):
    """Fields that signing adds may be in any order and case, and the suite writes a fold as it came."""
    if step != "signed-request":
        return text.rstrip("\n")
    head, _, body = text.replace("\n ", " ").partition("\n\n")
    first, *fields = head.split("\n")
    fields = [(name.lower(), " ".join(value.split())) for name, _, value in (field.partition(":") for field in fields)]
    return first, sorted(fields), body


def main(build):
    folders = sorted(path.parent for path in VECTORS.glob("*/*/context.json"))
    if not folders:
        print(f"skipped: no SigV4 cases in {VECTORS}")
        return SKIPPED
    compared = wrong = 0
    for folder, answer in zip(folders, ask(build, folders), strict=True):
        for way in ("header", "query"):
            for step in STEPS:
                compared += 1
                want = (folder / f"{way}-{step}.txt").read_bytes().decode("utf-8", "surrogateescape")
                got = answer[way].get(step.replace("-", "_"), answer[way].get("error", ""))
                if comparable(step, got) != comparable(step, want):
                    wrong += 1
                    print(f"{folder.name} {way} {step}: expected\n{want}\ngot\n{got}\n")
    print(f"{len(folders)} cases, {compared} texts, {wrong} wrong")
    return 1 if wrong or not compared else 0


sys.exit(main(sys.argv[1]))
