#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One body of any length through one HTTPS connection, handed out in chunks while it passes. Needs root, a build in
./build, nginx and curl.

    tests/bench/big_body.py [--mib 1024] [--ring 64mb] [--rate 0] [--ends egress]

Both ends are captured, unless `--ends egress` says only what curl receives. Prints one JSON document: for each end the
hash, what was missing and whether every byte was at its place; the ledger of the whole machine; the memory of the
capturing process before, at its highest and after; the time. Exit code 1: a byte was wrong, something was missing that
was not told, or memory grew. `--rate` limits curl, in MiB/s; 0: no limit."""
import argparse
import hashlib
import json
import os
import pathlib
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

MIB = 1 << 20
BODY_BUFFER = 2 * MIB
CONFIG = """version: 2
stacks: { main: { plugins: [{ type: http_capture, config: { level: full } }, { type: report_usage }] } }
tap: { direction: %s, ignore_loopback: false, http: { stack: main } }
"""
ALLOWANCE = 64 * MIB  # beside the ring, which is mapped twice
# No power of two, so that a piece at a wrong place does not look right.
PERIOD = MIB + 7


def memory(field):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field}")


class Body:
    """What came of one body."""

    def __init__(self):
        self.hash, self.length, self.missing, self.wrong, self.last = hashlib.sha256(), 0, 0, 0, None

    def add(self, chunk, period):
        self.missing += chunk.missing
        at = chunk.offset % PERIOD
        if self.length + chunk.missing != chunk.offset or period[at:at + len(chunk.bytes)] != chunk.bytes:
            self.wrong += 1
        self.hash.update(chunk.bytes)
        self.length = chunk.offset + len(chunk.bytes)
        if chunk.last:
            self.last = chunk


class HashingSink:
    name = "hash"

    def __init__(self, period):
        self.period, self.bodies = period * 2, {}

    def put_body(self, chunk):
        if chunk.message == "response":
            self.bodies.setdefault((chunk.transaction_id, chunk.direction), Body()).add(chunk, self.period)


def measure(mib, ring, rate, ends_wanted, folder):
    size = mib * MIB
    period = os.urandom(PERIOD)
    expected = hashlib.sha256()
    (folder / "files").mkdir()
    with open(folder / "files" / "big", "wb") as big:
        for at in range(0, size, PERIOD):
            piece = period[:min(PERIOD, size - at)]
            expected.update(piece)
            big.write(piece)
    cert = certificate(folder)
    process, server = nginx(folder, cert, locations="")
    sink, requests, lost = HashingSink(period), {}, {}
    expected_ends = 2 if ends_wanted == "all" else 1
    options = {"capture.ring_bytes": ring, "capture.body_buffer": str(BODY_BUFFER)}

    def note(event):  # there may be other programs on this machine
        one = json.loads(event.json)
        if one["eventType"] == "request" and f":{server.port}/files/big" in one["url"]:
            requests[one["requestId"]] = one["connectionId"]
        elif one["eventType"] == "connection":
            lost[one["meta"]["connectionId"]] = one.get("lostBytes", 0)

    session = qtap.Session(options, yaml=CONFIG % ends_wanted, on_event=note)
    session.add_sink(sink)
    with process, session:
        before = memory("VmRSS")
        highest = before
        limit = ["--limit-rate", f"{rate}M"] if rate else []
        client = threading.Thread(target=curl, args=(server.url("/files/big"), "-o", "/dev/null", *limit),
                                  kwargs={"cert": cert.cert})
        begin = time.monotonic()
        client.start()
        end = begin + DEADLINE_S
        while len(requests) < expected_ends and time.monotonic() < end:
            session.poll(timeout_ms=50)
            highest = max(highest, memory("VmRSS"))
        client.join()
        session.stop()  # the last reports of the connections
        session.run()
        seconds = time.monotonic() - begin
        session.flush(10_000)
        after, stats = memory("VmRSS"), session.stats
    ring_bytes = int(ring.removesuffix("mb")) * MIB
    ends = {}
    for (request, direction), body in sink.bodies.items():
        if request in requests:
            ends[direction] = {
                "length": body.length, "missing": body.missing, "lost_on_connection": lost[requests[request]],
                "wrong_chunks": body.wrong, "hash_equal": body.hash.digest() == expected.digest(),
                "truncated": body.last.truncated if body.last else None}
    whole = len(ends) == expected_ends and all(one["hash_equal"] for one in ends.values())
    # With nothing dropped before the sink, what is missing is what the ledger of the connection lost.
    exact = len(ends) == expected_ends and all(
        one["wrong_chunks"] == 0 and one["length"] == size and one["hash_equal"] == (one["missing"] == 0)
        and one["truncated"] == (one["missing"] > 0)
        and (stats["sink_dropped"] > 0 or one["missing"] == one["lost_on_connection"]) for one in ends.values())
    flat = max(highest, after) - before <= 2 * ring_bytes + ALLOWANCE
    return {"mib": mib, "ring": ring, "rate_mib_s": rate or None, "seconds": round(seconds, 2),
            "mib_per_s": round(mib / seconds, 1), "ends": ends, "whole": whole, "exact": exact, "flat": flat,
            "rss_mib": {"before": before // MIB, "highest": highest // MIB, "after": after // MIB},
            "bodies_cut_at": BODY_BUFFER, "ledger": {key: stats[key] for key in (
                "records", "bytes_seen", "bytes_delivered", "bytes_lost", "bytes_lost_ring_full", "sink_sent",
                "sink_dropped")}}


def main():
    parser = argparse.ArgumentParser(description="Streams one large body to a sink.")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--ring", default="64mb")
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--ends", choices=("all", "egress"), default="all")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        report = measure(args.mib, args.ring, args.rate, args.ends, pathlib.Path(name))
    print(json.dumps(report, indent=1))
    return 0 if report["exact"] and report["flat"] else 1


if __name__ == "__main__":
    sys.exit(main())
