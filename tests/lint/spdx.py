#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every source file names its licence in its first lines, bpf/ its own; no stray white space. Usage: spdx.py ROOT"""
import pathlib
import sys

SUFFIXES = {".h", ".hpp", ".c", ".cc", ".py", ".sh", ".map", ".build"}
DUAL = "GPL-2.0-only OR BSD-2-Clause"


def check(root, file):
    text = file.read_text()
    head = "\n".join(text.splitlines()[:3])
    licence = DUAL if file.relative_to(root).parts[0] == "bpf" else "Apache-2.0"
    if f"SPDX-License-Identifier: {licence}" not in head:
        yield f"no line 'SPDX-License-Identifier: {licence}' at the top"
    if text and not text.endswith("\n"):
        yield "no newline at the end"
    for number, line in enumerate(text.splitlines(), start=1):
        if line != line.rstrip():
            yield f"line {number}: blanks at the end"
        if "\t" in line and file.relative_to(root).parts[0] != "bpf":
            yield f"line {number}: a tab"


def sources(root):
    yield from (root / "meson.build", root / "meson_options.txt")
    for folder in ("libqtap", "bpf", "bindings", "examples", "tests", ".ci"):
        for file in sorted((root / folder).rglob("*")):
            if file.is_file() and (file.suffix in SUFFIXES or file.name == "run"):
                yield file


def main(root):
    failed = False
    for file in sources(root):
        for what in check(root, file):
            print(f"{file}: {what}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
