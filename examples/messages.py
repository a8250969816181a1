#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the messages of gRPC calls, WebSockets and server-sent events of this machine, each as soon as it has ended.
Needs root.

    PYTHONPATH=bindings/python python3 examples/messages.py [--count N]
"""
import argparse
import sys

import qtap

OPCODES = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def printable(text):
    """Text from the wire must not drive the terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def line_of(message):
    tx = message.transaction
    arrow = "→" if message.message == "request" else "←"
    kind = message.type or OPCODES.get(message.opcode, "") or tx.get("grpc.method", "")
    text = message.text[:60] + ("…" if len(message.text) > 60 else "")
    flags = " ".join(sorted(message.flags))
    return f"{message.protocol} {arrow} {tx.get('http.req.url')} {kind} #{message.index} {message.length} bytes {text!r} {flags}"


def main():
    parser = argparse.ArgumentParser(description="Prints the messages of this machine's streams live.")
    parser.add_argument("--count", type=int, help="stop after so many messages")
    args = parser.parse_args()
    count = 0

    def on_message(message):
        nonlocal count
        count += 1
        if args.count is None or count <= args.count:
            print(printable(line_of(message)), flush=True)
        if count == args.count:
            session.stop()

    session = qtap.Session({"capture.body_buffer": 0}, on_message=on_message)
    try:
        with session:
            print("watching", *session.attached, sep="\n  ", file=sys.stderr)
            session.run()
    except KeyboardInterrupt:
        pass
    except qtap.QtapError as error:
        sys.exit(f"messages.py: {error}")


if __name__ == "__main__":
    main()
