#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every *_test.cc is built: a test that nobody runs looks like one that passes. Usage: test_sources.py ROOT"""
import pathlib
import sys


def main(root):
    tests = pathlib.Path(root) / "tests"
    built = {where.parent / name for where in tests.rglob("meson.build")
             for name in where.read_text().split("'")[1::2]}
    missing = sorted(str(path) for path in tests.rglob("*_test.cc") if path not in built)
    for path in missing:
        print(f"{path}: no meson.build names it")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
