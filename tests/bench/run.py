#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a benchmark program and prints its results as one JSON document with machine and commit.

Usage: run.py PROGRAM; through meson: meson test -C build --benchmark --verbose. Numbers of two machines do not compare, nor
do those of a debug build.
"""
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def git(*args):
    # safe.directory: root may run this in somebody else's clone.
    result = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, *args], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.machine()


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def main(program):
    with tempfile.TemporaryDirectory(prefix="qtap-bench-") as folder:
        out = subprocess.run([program, folder], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(json.dumps({
        "benchmark": pathlib.Path(program).name,
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": git("rev-parse", "HEAD") or "unknown",
        "changed": bool(git("status", "--porcelain")),
        "machine": {"cpu": cpu_model(), "cores": len(os.sched_getaffinity(0)), "memory_bytes": memory_bytes(),
                    "kernel": platform.release(), "arch": platform.machine()},
        "results": json.loads(out),
    }, indent=2))


if __name__ == "__main__":
    main(sys.argv[1])
