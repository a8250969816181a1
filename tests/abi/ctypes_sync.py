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


TYPEDEFS = {"qtap_log_fn": _abi.LOG, "qtap_lookup_fn": _abi.LOOKUP, "qtap_http_decoded_fn": _abi.HTTP_DECODED,
            "qtap_rule_function_fn": _abi.RULE_FUNCTION}
WIDTHS = {"int": 4, "uint32_t": 4, "uint64_t": 8, "size_t": 8}


def is_pointer(kind):
    return kind in (ctypes.c_void_p, ctypes.c_char_p) or hasattr(kind, "contents") or hasattr(kind, "_restype_")


def check_type(where, declared, ours):
    """A parameter or result; pointers only with pointers, numbers only with numbers of the same width."""
    words = re.sub(r"\bconst\b", "", declared).replace("*", " * ").split()
    if "*" in words or re.fullmatch(r"qtap_\w+_fn", words[0]):
        ok = is_pointer(ours)
    elif words[0] == "void":
        ok = ours is None
    elif words[0] == "struct":
        ok = ours is _abi.STRUCTS.get(words[1])
    else:  # an unknown type does not belong into a public prototype
        ok = ours is not None and not is_pointer(ours) and ctypes.sizeof(ours) == WIDTHS.get(words[0])
    if not ok:
        fail(f"{where} is {declared.strip()!r} in the header, {ours} in _abi.py")


def check_call(name, result, parameters, restype, argtypes):
    arguments = [] if parameters.strip() in ("", "void") else parameters.split(",")
    if len(arguments) != len(argtypes):
        fail(f"{name}: {len(arguments)} arguments in the header, {len(argtypes)} in _abi.py")
        return
    check_type(f"{name}: the result", result, restype)
    for index, pair in enumerate(zip(arguments, argtypes), start=1):
        check_type(f"{name}: argument {index}", *pair)


def check_functions():
    prototypes = {name: (result, parameters) for result, name, parameters in
                  re.findall(r"QTAP_API\s+([^;(]*?)\b(qtap_\w+)\(([^;]*?)\);", PLAIN, re.S)}
    for name in sorted(prototypes.keys() ^ _abi.FUNCS.keys()):
        fail(f"{name}: only in " + ("the headers" if name in prototypes else "_abi.py"))
    for name in sorted(prototypes.keys() & _abi.FUNCS.keys()):
        check_call(name, *prototypes[name], *_abi.FUNCS[name])


def check_callbacks():
    """Function pointers: the members of the two tables and the typedefs."""
    found = []
    for struct, kind in (("qtap_callbacks", _abi.Callbacks), ("qtap_sink_ops", _abi.SinkOps),
                         ("qtap_http_callbacks", _abi.HttpCallbacks)):
        body = re.search(rf"struct {struct}\s*\{{(.*?)\n\}};", PLAIN, re.S).group(1)
        found += [(f"{struct}.{name}", result, parameters, dict(kind._fields_).get(name))
                  for result, name, parameters in re.findall(r"(\w+)\s*\(\*(\w+)\)\(([^;]*?)\);", body, re.S)]
    found += [(name, result, parameters, TYPEDEFS.get(name))
              for result, name, parameters in re.findall(r"typedef (\w+) \(\*(\w+)\)\(([^;]*?)\);", PLAIN, re.S)]
    for name, result, parameters, ours in found:
        if ours is None:
            fail(f"{name}: only in the headers")
        else:
            check_call(name, result, parameters, ours._restype_, ours._argtypes_)
    return len(found)


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
callbacks = check_callbacks()
check_structs(truth)
check_enums(truth, names)
if callbacks < 10 or len(names) < 40:
    fail(f"the headers were not understood: {callbacks} callbacks, {len(names)} constants")
print("\n".join(failures) or f"{len(_abi.FUNCS)} functions, {callbacks} callbacks, {len(_abi.STRUCTS)} structs, {len(names)} constants: equal")
sys.exit(1 if failures else 0)
