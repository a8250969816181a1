#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The exported names are the same in the headers, the version script, the library, docs/abi.md, the call table and the
test with NULLs; the static library has no C name without our prefix. Usage: symbols.py ROOT LIBRARY.so LIBRARY.a"""
import pathlib
import re
import subprocess
import sys


def nm(*args):
    return subprocess.run(["nm", *args], check=True, capture_output=True, text=True).stdout


def main(root, shared, static):
    headers = "\n".join(file.read_text() for file in sorted((root / "libqtap/include/qtap").glob("*.h")))
    declared = set(re.findall(r"QTAP_API\b[^;(]*?\b(qtap_\w+)\(", headers))
    mapped = set(re.findall(r"^\s+(qtap_\w+);", (root / "libqtap/libqtap.map").read_text(), re.M))
    documented = set(re.findall(r"^\| `(qtap_\w+)` \|", (root / "docs/abi.md").read_text(), re.M))
    exported = {line.split()[-1].split("@")[0] for line in nm("-D", "--defined-only", shared).splitlines()}
    exported = {name for name in exported if not name.startswith("QTAP_")}
    called = set(re.findall(r'\{"(qtap_\w+)",', (root / "libqtap/capi/call_table.h").read_text()))
    tested = declared & set(re.findall(r"\b(qtap_\w+)\(", (root / "tests/abi/boundary_nulls.c").read_text()))
    failed = False
    for name, names in (("libqtap.map", mapped), ("docs/abi.md", documented), ("call_table.h", called),
                        ("boundary_nulls.c", tested), (shared, exported)):
        for what, difference in (("lacks", declared - names), ("has, but no header declares it:", names - declared)):
            for symbol in sorted(difference):
                print(f"{name} {what} {symbol}")
                failed = True
    # Strong C names of the static library: those of llhttp are its own, everything else is ours.
    strong = {line.split()[-1] for line in nm("-g", "--defined-only", static).splitlines()
              if re.search(r" [TDBR] ", line)}
    for symbol in sorted(s for s in strong if not s.startswith(("qtap_", "_Z", "llhttp_"))):
        print(f"{static} exports {symbol}")
        failed = True
    return 1 if failed or not declared else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
