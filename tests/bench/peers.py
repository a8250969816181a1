# SPDX-License-Identifier: Apache-2.0
"""bpftrace and bcc's sslsniff as contenders, where they run."""
import os
import pathlib
import shutil
import subprocess
import sys

from contenders import HERE, Contender, numbers

sys.path.insert(0, str(HERE.parent / "scoreboard" / "contenders"))
import bpftrace as bpftrace_script  # noqa: E402

KERNEL_HEADERS = ("/sys/kernel/kheaders.tar.xz", f"/lib/modules/{os.uname().release}/build")
# sslsniff 0.26 uses min() of the kernel, which is no constant any more in newer headers; the verifier has to see the limit.
STOCK_COPY = "u32 buf_copy_size = min((size_t)MAX_BUF_SIZE, (size_t)len);"
OWN_COPY = """u64 buf_copy_size = (u32)len;
        asm volatile("" : "+r"(buf_copy_size));
        if (buf_copy_size > MAX_BUF_SIZE) buf_copy_size = MAX_BUF_SIZE;"""


class NotRunnable(Exception):
    pass


def escaped(text):
    """As %rx prints it: \\xNN for each byte, as a regular expression."""
    return b"".join(b"\\\\x%02x" % byte for byte in text.encode())


def bpftrace():
    """The usual script, 200 bytes per call: its limit."""
    if not shutil.which("bpftrace"):
        raise NotRunnable("bpftrace is not installed (tests/install-deps.sh bench)")
    return Contender(
        "bpftrace", lambda target: ["bpftrace", "-B", "line", "-e", bpftrace_script.SCRIPT % {"lib": target.libssl}],
        "^ready", env={"BPFTRACE_STRLEN": str(bpftrace_script.MAX_STRING)},
        captured=lambda running, path: numbers(
            running, rb"^received .* " + escaped("GET " + path) + rb"((?:\\x3[0-9]){10})"))


def headers_for_bcc(folder):
    """{} or the environment with headers that sslsniff's program compiles with: any kernel's will do, it looks into no
    structure of the kernel. Debian splits them into two folders: here they are one, of links."""
    if any(pathlib.Path(path).exists() for path in KERNEL_HEADERS):
        return {}
    halves = sorted(pathlib.Path("/usr/src").glob("linux-headers-*-common"))
    halves += sorted(pathlib.Path("/usr/src").glob("linux-headers-*-a*64"))
    if len(halves) < 2:
        raise NotRunnable("needs kernel headers, there are none (tests/install-deps.sh bench)")
    merged = folder / "headers"
    merged.mkdir()
    for half in (halves[0], halves[-1]):
        for part in ("include", "arch"):
            subprocess.run(["cp", "-rs", half / part, merged], check=True)
    return {"BCC_KERNEL_SOURCE": str(merged)}


def sslsniff(folder):
    tool = shutil.which("sslsniff-bpfcc", path="/usr/sbin:/usr/bin")
    if not tool:
        raise NotRunnable("sslsniff-bpfcc is not installed (tests/install-deps.sh bench)")
    copy = folder / "sslsniff.py"
    copy.write_text(pathlib.Path(tool).read_text().replace(STOCK_COPY, OWN_COPY))
    return Contender("sslsniff", lambda target: [
        "/usr/bin/python3", "-u", copy, "--no-openssl", "--no-gnutls", "--no-nss", "--extra-lib", f"openssl:{target.libssl}"],
        "^FUNC", env=headers_for_bcc(folder),
        captured=lambda running, path: numbers(running, b"GET " + path.encode() + rb"(\d{10})"))
