#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom (docs/architecture.md). Usage: layers.py ROOT"""
import pathlib
import re
import sys

# Own folder and the standard library are always allowed. "public": <qtap/*.h>.
MAY = {
    "base": {"<qtap/base.h>"},
    "http": {"base", "<qtap/base.h>", "llhttp", "nghttp2"},
    "rulekit": {"base", "<qtap/base.h>", "<qtap/value.h>"},
    "s3": {"base", "<qtap/base.h>", "expat", "simdjson"},
    "gcs": {"base", "s3", "<qtap/base.h>", "simdjson"},
    "model": {"base", "http", "<qtap/base.h>", "<qtap/model.h>", "<qtap/value.h>"},
    "source": {"base", "model", "bpf/shared"},
    "probe": {"base", "model", "source", "bpf/shared", "capstone", "libbpf", "skeleton"},
    "proto": {"base", "http", "model"},
    "conn": {"base", "http", "model", "proto"},
    "context": {"base", "model"},
    "plugin": {"base", "http", "rulekit", "model"},
    "net": {"base", "<qtap/base.h>", "libcurl"},
    "sink": {"base", "s3", "model", "net", "simdjson", "protozero"},
    "session": {"base", "http", "rulekit", "s3", "gcs", "model", "source", "probe", "proto", "conn", "context", "plugin", "net",
                "sink", "public"},
    "capi": {"base", "http", "rulekit", "s3", "model", "plugin", "session", "public"},
}
# conn sees interfaces only, probe the source interface and the decoder, capi which fields rules may read.
ONLY = {("conn", "proto"): {"proto/parser.h", "proto/inner_streams.h", "proto/message_reader.h", "proto/tls_hello.h"},
        ("capi", "plugin"): {"plugin/rule_fields.h"},
        ("probe", "source"): {"source/source.h", "source/record_decode.h"}}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)
EXTERN_C = re.compile(r'extern\s+"C"')


def kinds(bracket, path):
    """The names by which the table may allow an include."""
    if path.startswith("qtap/"):
        return {f"<{path}>", "public"}
    if path.startswith("bpf/shared/"):
        return {"bpf/shared"}
    if re.match(r"(bpf/(libbpf|bpf|btf)|linux/bpf)\.h$", path):
        return {"libbpf"}
    if path.endswith(".skel.h"):
        return {"skeleton"}
    if path == "capstone.h":
        return {"capstone"}
    if path.startswith("curl/"):
        return {"libcurl"}
    if path.startswith("protozero/"):
        return {"protozero"}
    if path in ("expat.h", "simdjson.h"):
        return {path[:-2]}
    if path == "llhttp.h":
        return {"llhttp"}
    if path.startswith("nghttp2/"):
        return {"nghttp2"}
    return {path.split("/")[0]} if bracket == '"' else set()


def check_library(root):
    for file in sorted((root / "libqtap").rglob("*")):
        module = file.relative_to(root / "libqtap").parts[0]
        if file.suffix not in (".h", ".cc") or module not in MAY:
            continue
        text = file.read_text()
        for bracket, path in INCLUDE.findall(text):
            names = kinds(bracket, path)
            if bracket == '"' and "/" not in path:
                yield file, f'"{path}": write it from the root of libqtap'
            elif bracket == '"' and path.split("/")[0] == module:
                continue
            elif names and not names & MAY[module]:
                yield file, f"{module}/ may not include {path}"
            elif (allowed := ONLY.get((module, path.split("/")[0]))) and path not in allowed:
                yield file, f"{module}/ may include only {', '.join(sorted(allowed))}, not {path}"
        if module != "capi" and EXTERN_C.search(text) and "linux/" not in text:
            yield file, 'extern "C" belongs into capi/'


def check_outside(root):
    for file in sorted((root / "bpf").rglob("*.[ch]")):
        for _, path in INCLUDE.findall(file.read_text()):
            parts = path.split("/")
            if "libqtap" in parts or ".." in parts or parts[0] == "qtap" or (len(parts) > 1 and parts[0] in MAY):
                yield file, f"bpf/ may not include {path}"
    for folder in ("examples", "bindings"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".c", ".cc", ".h"):
                continue
            for bracket, path in INCLUDE.findall(file.read_text()):
                if bracket == '"' and not (file.parent / path).exists():
                    yield file, f"{folder}/ may include public headers only, not {path}"


def check_table():
    """The arrows of the table itself run one way."""
    def reach(module, seen):
        for name in MAY.get(module, ()):
            if name in MAY and name not in seen:
                seen.add(name)
                reach(name, seen)
        return seen
    for module in MAY:
        if module in reach(module, set()):
            yield "the table", f"{module} reaches itself"


def main(root):
    found = [*check_table(), *check_library(root), *check_outside(root)]
    for where, what in found:
        print(f"{where}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
