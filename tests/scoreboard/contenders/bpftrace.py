#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bpftrace as a contender: the usual script for libssl, its lines translated. A script sees the SSL object, not the
socket: no addresses. A string is at most 200 bytes (BPFTRACE_STRLEN); the rest of a call is declared as a gap."""
import base64
import ctypes.util
import json
import os
import re
import signal
import subprocess
import sys

LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")
MAX_STRING = 200

SCRIPT = """
uprobe:%(lib)s:SSL_write, uprobe:%(lib)s:SSL_read { @ssl[tid] = arg0; @buf[tid] = arg1; }
uprobe:%(lib)s:SSL_write_ex, uprobe:%(lib)s:SSL_read_ex { @ssl[tid] = arg0; @buf[tid] = arg1; @done[tid] = arg3; }
uretprobe:%(lib)s:SSL_write /@ssl[tid] && (int32)retval > 0/ {
  printf("sent %%d %%lx %%d %%rx\\n", pid, @ssl[tid], (int32)retval, buf(@buf[tid], (int32)retval)); }
uretprobe:%(lib)s:SSL_read /@ssl[tid] && (int32)retval > 0/ {
  printf("received %%d %%lx %%d %%rx\\n", pid, @ssl[tid], (int32)retval, buf(@buf[tid], (int32)retval)); }
uretprobe:%(lib)s:SSL_write_ex /@ssl[tid] && retval == 1/ {
  $n = *(uint64*)uptr(@done[tid]);
  printf("sent %%d %%lx %%d %%rx\\n", pid, @ssl[tid], $n, buf(@buf[tid], $n)); }
uretprobe:%(lib)s:SSL_read_ex /@ssl[tid] && retval == 1/ {
  $n = *(uint64*)uptr(@done[tid]);
  printf("received %%d %%lx %%d %%rx\\n", pid, @ssl[tid], $n, buf(@buf[tid], $n)); }
uprobe:%(lib)s:SSL_free { printf("free %%d %%lx\\n", pid, arg0); }
interval:ms:200 /!@ready/ { @ready = 1; printf("ready\\n"); }
END { clear(@ssl); clear(@buf); clear(@done); clear(@ready); }
"""


def library():
    name = ctypes.util.find_library("ssl")
    return next(path for folder in LIBRARY_FOLDERS if os.path.exists(path := f"{folder}/{name}"))


def emit(**line):
    sys.stdout.write(json.dumps(line) + "\n")


def unescaped(text):
    """%rx prints \\xNN for each byte."""
    return bytes.fromhex(text.replace(b"\\x", b"").decode())


def main():
    tool = subprocess.Popen(["bpftrace", "-B", "line", "-e", SCRIPT % {"lib": library()}], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                            env={**os.environ, "BPFTRACE_STRLEN": str(MAX_STRING)})
    signal.signal(signal.SIGTERM, lambda *_: tool.send_signal(signal.SIGINT))
    generation = {}  # an address of an SSL object is used again after SSL_free
    for line in tool.stdout:
        word, _, rest = line.rstrip(b"\n").partition(b" ")
        if word == b"ready":
            emit(ev="ready")
            sys.stdout.flush()
        elif word == b"free":
            generation[rest] = generation.get(rest, 0) + 1
        elif word in (b"sent", b"received"):
            pid, ssl, length, data = rest.split(b" ", 3)
            data, length, key = unescaped(data), int(length), pid + b" " + ssl
            conn, direction = f"{key.decode()} {generation.get(key, 0)}", word.decode()
            emit(ev="chunk", conn=conn, dir=direction, pid=int(pid), data=base64.b64encode(data).decode())
            if length > len(data):
                emit(ev="gap", conn=conn, dir=direction, len=length - len(data))
        elif found := re.match(rb"Lost (\d+) events", line):
            emit(ev="lost", count=int(found[1]))
        elif not line.startswith(b"Attaching") and line.strip():
            sys.stderr.write(line.decode(errors="replace"))
    return tool.wait()


if __name__ == "__main__":
    sys.exit(main())
