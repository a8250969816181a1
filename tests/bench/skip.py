#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many records does a large download cost when nobody wants its body? Needs root, a build in ./build, nginx and curl.

    tests/bench/skip.py [--mib 10] [--rounds 5]

Prints one JSON document: records and bytes copied at level `full` and at `summary`, of both ends, and their ratio."""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "bindings" / "python")]
os.environ.setdefault("QTAP_BUILD_DIR", str(ROOT / "build"))

import qtap  # noqa: E402
from harness import DEADLINE_S, curl  # noqa: E402
from listeners import certificate, nginx  # noqa: E402

CONFIG = """version: 2
stacks: {{ main: {{ plugins: [{{ type: http_capture, config: {{ level: {level}, object_min_level: full }} }},
                            {{ type: report_usage }}] }} }}
tap: {{ direction: all, ignore_loopback: false, http: {{ stack: main }} }}
"""


def measure(server, cert, level):
    """(records, plain-text bytes copied) of one download, both ends; the request events must say its whole length."""
    events = []
    # Python always asks for transactions, which have bodies unless that is said.
    options = {"capture.ring_bytes": "64mb", "capture.body_buffer": "32mb" if level == "full" else "0"}
    with qtap.Session(options, yaml=CONFIG.format(level=level),
                      on_event=lambda event: events.append(json.loads(event.json))) as session:

        def requests():
            return [one for one in events if one["eventType"] == "request" and "/files/big" in one["url"]]

        client = threading.Thread(target=curl, args=(server.url("/files/big"), "-o", "/dev/null"),
                                  kwargs={"cert": cert.cert})
        client.start()
        end = time.monotonic() + DEADLINE_S
        while len(requests()) < 2 and time.monotonic() < end:
            session.poll(timeout_ms=100)
        client.join()
        stats = session.stats
        for one in requests():
            assert "truncated" not in one and max(one["bytesSent"], one["bytesReceived"]) > server.size, one
    return stats["records"], stats["bytes_delivered"]


def main():
    parser = argparse.ArgumentParser(description="Counts the records of a download.")
    parser.add_argument("--mib", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    report = {"mib": args.mib}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "files").mkdir()
        (folder / "files" / "big").write_bytes(os.urandom(args.mib << 20))
        cert = certificate(name)
        process, server = nginx(folder, cert, locations="")
        server.size = args.mib << 20
        with process:
            for level in ("full", "summary"):
                rounds = [measure(server, cert, level) for _ in range(args.rounds)]
                report[level] = {"records": [one[0] for one in rounds], "bytes_copied": [one[1] for one in rounds]}
    report["records_ratio"] = statistics.median(report["summary"]["records"]) / \
        statistics.median(report["full"]["records"])
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
