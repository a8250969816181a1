#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bcc's sslsniff as a contender, its output translated. It names neither the SSL object nor the socket, only process
and thread: what one thread does with several connections is one stream, and comes out as wrong bytes."""
import base64
import json
import os
import re
import signal
import subprocess
import sys

COMMAND = ["sslsniff-bpfcc", "--no-gnutls", "--no-nss", "--extra", "--hexdump", "--max-buffer-size", "16384"]
# FUNC TIME COMM PID LEN UID TID; a COMM may hold blanks.
CALL = re.compile(r"(WRITE/SEND|READ/RECV)\s+[\d.]+\s.*?\s+(\d+)\s+(\d+)\s+\d+\s+(\d+)\s*$")


def emit(**line):
    sys.stdout.write(json.dumps(line) + "\n")


def main():
    tool = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                            errors="replace", env={**os.environ, "PYTHONUNBUFFERED": "1"})
    signal.signal(signal.SIGTERM, lambda *_: tool.send_signal(signal.SIGINT))
    call, data = None, None
    for line in tool.stdout:
        if line.startswith("FUNC"):  # the heading comes after attaching
            emit(ev="ready")
            sys.stdout.flush()
        elif found := CALL.match(line):
            call = {"conn": f"{found[2]} {found[4]}", "dir": "sent" if found[1] == "WRITE/SEND" else "received",
                    "pid": int(found[2])}
            data = None
        elif line.startswith("----- DATA"):
            data = ""
        elif line.startswith("----- END DATA") and call and data is not None:
            emit(ev="chunk", data=base64.b64encode(bytes.fromhex(data)).decode(), **call)
            if lost := re.search(r"TRUNCATED, (\d+) bytes lost", line):
                emit(ev="gap", len=int(lost[1]), **call)
            call = data = None
        elif data is not None:
            data += line.strip()
        elif found := re.search(r"lost (\d+) samples", line):
            emit(ev="lost", count=int(found[1]))
    for found in re.findall(r"lost (\d+) samples", tool.stderr.read()):
        emit(ev="lost", count=int(found))
    return 0 if tool.wait() in (0, 130, -signal.SIGINT) else 1


if __name__ == "__main__":
    sys.exit(main())
