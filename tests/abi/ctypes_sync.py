#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bindings/python/qtap/_abi.py equals the headers: functions and the widths of their arguments, struct layouts, enum
values. The truth is a C program compiled on the spot. Usage: ctypes_sync.py ROOT LIBRARY.so"""
import ctypes
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
os.environ["QTAP_LIBRARY"] = sys.argv[2]
sys.path.insert(0, str(ROOT / "bindings/python"))
from qtap import _abi  # noqa: E402

INCLUDE = ROOT / "libqtap/include"
HEADERS = "\n".join(file.read_text() for file in sorted((INCLUDE / "qtap").glob("*.h")))
PLAIN = re.sub(r"/\*.*?\*/", "", HEADERS, flags=re.S)
failures = []


def fail(text):
    failures.append(text)


def enum_names():
    return {name for body in re.findall(r"enum \w+\s*\{(.*?)\}", PLAIN, re.S)
            for name in re.findall(r"\b(QTAP_\w+)\s*=", body)}


def probe(names):
    """Sizes, offsets and enum values as the compiler has them."""
    lines = ["#include <stdio.h>", "#include <stddef.h>", "#include <qtap/qtap.h>", "int main(void) {"]
    for struct, kind in _abi.STRUCTS.items():
        lines.append(f'printf("{struct} %zu\\n", sizeof(struct {struct}));')
        for field, *_ in kind._fields_:
            lines.append(f'printf("{struct}.{field} %zu %zu\\n", offsetof(struct {struct}, {field}), '
                         f'sizeof(((struct {struct} *)0)->{field}));')
    lines += [f'printf("{name} %d\\n", (int){name});' for name in sorted(names)] + ["return 0; }"]
    with tempfile.TemporaryDirectory() as folder:
        source, program = f"{folder}/probe.c", f"{folder}/probe"
        pathlib.Path(source).write_text("\n".join(lines))
        subprocess.run(["cc", "-std=c99", "-I", INCLUDE, source, "-o", program], check=True)
        output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return {line.split()[0]: [int(n) for n in line.split()[1:]] for line in output.splitlines()}


def check_functions():
    prototypes = dict(re.findall(r"QTAP_API\b[^;(]*?\b(qtap_\w+)\(([^;]*?)\);", PLAIN, re.S))
    returns = {name: kind.strip() for kind, name in re.findall(r"QTAP_API\s+([^;(]*?)\b(qtap_\w+)\(", PLAIN)}
    for name in sorted(prototypes.keys() ^ _abi.FUNCS.keys()):
        fail(f"{name}: only in " + ("the headers" if name in prototypes else "_abi.py"))
    widths = {"int": 4, "uint32_t": 4, "uint64_t": 8, "size_t": 8}
    for name in sorted(prototypes.keys() & _abi.FUNCS.keys()):
        restype, argtypes = _abi.FUNCS[name]
        text = prototypes[name].strip()
        arguments = [] if text in ("", "void") else re.split(r",", text)
        if len(arguments) != len(argtypes):
            fail(f"{name}: {len(arguments)} arguments in the header, {len(argtypes)} in _abi.py")
            continue
        for declared, ours in zip(arguments, argtypes):
            words = declared.split()
            width = 8 if "*" in declared or "_fn" in declared else widths.get(words[0], 0)
            if width and ctypes.sizeof(ours) != width:
                fail(f"{name}: {declared.strip()} is {width} bytes, _abi.py has {ctypes.sizeof(ours)}")
        if (returns[name] == "void") != (restype is None):
            fail(f"{name}: returns {returns[name]}, _abi.py has {restype}")


def check_structs(truth):
    for struct, kind in _abi.STRUCTS.items():
        if ctypes.sizeof(kind) != truth[struct][0]:
            fail(f"struct {struct}: {truth[struct][0]} bytes, _abi.py has {ctypes.sizeof(kind)}")
        for field, *_ in kind._fields_:
            slot = getattr(kind, field)
            if [slot.offset, slot.size] != truth[f"{struct}.{field}"]:
                fail(f"{struct}.{field}: offset and size {truth[f'{struct}.{field}']}, _abi.py {[slot.offset, slot.size]}")
    declared = set(re.findall(r"^struct (qtap_\w+)\s*\{", PLAIN, re.M))
    for struct in sorted(declared ^ _abi.STRUCTS.keys()):
        fail(f"struct {struct}: only in " + ("the headers" if struct in declared else "_abi.py"))


def check_enums(truth, names):
    ours = {**_abi.STATUS, **_abi.VALUE_TYPE, **_abi.OTHER}
    for name in sorted(names ^ ours.keys()):
        fail(f"{name}: only in " + ("the headers" if name in names else "_abi.py"))
    for name in sorted(names & ours.keys()):
        if truth[name] != [ours[name]]:
            fail(f"{name}: {truth[name][0]} in the header, {ours[name]} in _abi.py")


names = enum_names()
truth = probe(names)
check_functions()
check_structs(truth)
check_enums(truth, names)
print("\n".join(failures) or f"{len(_abi.FUNCS)} functions, {len(_abi.STRUCTS)} structs, {len(names)} constants: equal")
sys.exit(1 if failures else 0)
