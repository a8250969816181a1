# SPDX-License-Identifier: Apache-2.0
"""The contenders by name: how each is started, and what it needs."""
import os
import pathlib
import shlex
import shutil
import subprocess

from drive import BUILD, PYTHON

HERE = pathlib.Path(__file__).resolve().parent / "contenders"
QTAP = pathlib.Path(os.environ.get("SCOREBOARD_QTAP", BUILD / "tests" / "scoreboard" / "scoreboard_qtap"))

KERNEL_HEADERS = ("/sys/kernel/kheaders.tar.xz", f"/lib/modules/{os.uname().release}/build")

# name -> (command, program that must be there, Debian package that has it)
NAMES = {
    # With a ring that holds whatever a case moves, also when the reader gets no processor for a while.
    "qtap": ([QTAP, "--set", "capture.ring_bytes=128mb"], QTAP, None),
    "qtap-default": ([QTAP], QTAP, None),
    # The smallest ring and a reader that sleeps: what is said about the losses is on trial here.
    "qtap-starved": ([QTAP, "--set", "capture.ring_bytes=64kb", "--pause-ms", "1500"], QTAP, None),
    "bpftrace": ([PYTHON, HERE / "bpftrace.py"], "bpftrace", "bpftrace"),
    "sslsniff": ([PYTHON, HERE / "sslsniff.py"], "sslsniff-bpfcc", "bpfcc-tools"),
}


def command(name, install):
    """(command, "") or (None, what is missing)"""
    if name not in NAMES:
        return shlex.split(name), ""
    argv, program, package = NAMES[name]
    if not shutil.which(program) and package and install:
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", package], check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if not shutil.which(program):
        return None, f"{program} is not installed" + (f" (--install takes it from {package})" if package else "")
    if package == "bpfcc-tools" and not any(pathlib.Path(path).exists() for path in KERNEL_HEADERS):
        return None, f"{program} compiles at start and needs one of {', '.join(KERNEL_HEADERS)}"
    return argv, ""
