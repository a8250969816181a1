#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the HTTP transactions of this machine live, also those inside TLS. Needs root.

    PYTHONPATH=bindings/python python3 examples/watch.py [--egress] [--count N]

Then, in another terminal: curl https://example.com
"""
import argparse
import sys

import qtap


def printable(text):
    """Text from the wire must not drive the terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def line_of(tx):
    program = tx.get("src.process.binary") or "?"
    arrow = "←" if tx["direction"] == "ingress" else "→"
    status = tx.get("http.res.status", "-")
    duration = tx.get("http.duration_ms", "-")
    return f"{program} {arrow} {tx.get('http.req.method')} {tx.get('http.req.url')} {status} {duration} ms"


def main():
    parser = argparse.ArgumentParser(description="Prints the HTTP transactions of this machine live.")
    parser.add_argument("--egress", action="store_true", help="only requests to other machines")
    parser.add_argument("--count", type=int, help="stop after so many transactions")
    args = parser.parse_args()

    options = {"tap.direction": "egress", "tap.ignore_loopback": True} if args.egress else {}
    count = 0
    try:
        with qtap.Session(options) as session:
            print("watching", *session.attached, sep="\n  ", file=sys.stderr)
            if session.error:
                print("warning:", session.error, file=sys.stderr)
            for tx in session:
                print(printable(line_of(tx)), flush=True)
                count += 1
                if count == args.count:
                    break
    except KeyboardInterrupt:
        pass
    except qtap.QtapError as error:
        sys.exit(f"watch.py: {error}")


if __name__ == "__main__":
    main()
