#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares docs/options.md and docs/fields.md with what the tables of the library say now.

Usage: generated_docs.py DOCGEN SOURCE_ROOT [--update]
DOCGEN is the program built from docgen.cc. With --update the pages are rewritten. Exit status 1: a page is stale.
"""
import difflib
import pathlib
import subprocess
import sys

PAGES = {"options": "docs/options.md", "fields": "docs/fields.md"}


def main() -> int:
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    docgen, root = arguments[0], pathlib.Path(arguments[1])
    stale = 0
    for name, page in PAGES.items():
        wanted = subprocess.run([docgen, name], check=True, capture_output=True, text=True).stdout
        path = root / page
        found = path.read_text() if path.exists() else ""
        if found == wanted:
            continue
        if "--update" in sys.argv:
            path.write_text(wanted)
            print(f"{page}: rewritten")
            continue
        stale = 1
        sys.stdout.writelines(difflib.unified_diff(
            found.splitlines(keepends=True), wanted.splitlines(keepends=True), page, f"{page} (from the tables)"))
        print(f"{page} is stale: run {sys.argv[0]} {docgen} {root} --update")
    return stale


if __name__ == "__main__":
    sys.exit(main())
