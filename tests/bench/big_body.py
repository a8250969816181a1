#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One body of any length through one HTTPS connection, handed out in chunks while it passes. Needs root, a build in
./build, nginx and curl.

    tests/bench/big_body.py [--mib 1024] [--ring 64mb] [--rate 0] [--sink python]

Both ends are captured: what nginx sends and what curl receives. `--sink python` hashes the chunks in a sink of the
Python binding, `--sink file` lets qtap-mini's file store write them and hashes the files. Prints one JSON document: for
each end the hash, what was missing and whether every byte was at its place; the memory of the capturing process before,
at its highest and after; the time. Exit code 1: a byte was wrong, something was missing that was not told, or memory
grew. `--rate` limits curl, in MiB/s; 0: no limit."""
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
from harness import DEADLINE_S, Agent, curl  # noqa: E402
from listeners import certificate, nginx  # noqa: E402

MIB = 1 << 20
BODY_BUFFER = 2 * MIB
CONFIG = """version: 2
stacks: { main: { plugins: [{ type: http_capture, config: { level: full } }, { type: report_usage }] } }
tap: { direction: all, ignore_loopback: false, http: { stack: main } }
"""
ALLOWANCE = 64 * MIB  # beside the ring, which is mapped twice
# No power of two, so that a piece at a wrong place does not look right.
PERIOD = MIB + 7


class Memory:
    """Of a process, sampled by a thread until stop()."""

    def __init__(self, pid):
        self._status = pathlib.Path(f"/proc/{pid}/status")
        self.before = self.highest = self.after = self._now()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _now(self):
        return next(int(line.split()[1]) * 1024 for line in self._status.read_text().splitlines()
                    if line.startswith("VmRSS:"))

    def _sample(self):
        while not self._over.wait(0.05):
            self.highest = max(self.highest, self._now())

    def stop(self):
        self._over.set()
        self._thread.join()
        self.after = self._now()
        self.highest = max(self.highest, self.after)


class Body:
    """What came of one body, put at its place."""

    def __init__(self, two_periods):
        self._period, self._hash = two_periods, hashlib.sha256()
        self.length, self.missing, self.wrong, self.truncated = 0, 0, 0, None

    def add(self, offset, data):
        at = offset % PERIOD
        self.missing += offset - self.length
        self.wrong += self._period[at:at + len(data)] != data
        self._hash.update(data)
        self.length = offset + len(data)

    def add_chunk(self, chunk):
        self.wrong += self.length + chunk.missing != chunk.offset
        self.add(chunk.offset, chunk.bytes)
        if chunk.last:
            self.truncated = chunk.truncated

    def add_file(self, path):
        """In a file what is missing is zeros, which do not fit."""
        self.truncated = path.suffix == ".truncated"
        with open(path, "rb") as stored:
            while data := stored.read(256 << 10):
                self.add(self.length, data)

    def report(self, lost):
        return {"length": self.length, "missing": self.missing, "lost_on_connection": lost, "wrong": self.wrong,
                "sha256": self._hash.hexdigest(), "truncated": self.truncated}


class HashingSink:
    name = "hash"

    def __init__(self, period):
        self._two_periods, self._open, self.bodies = period * 2, {}, {}

    def put_body(self, chunk):
        key = chunk.transaction_id, chunk.message, chunk.direction
        body = self._open[key] if key in self._open else self._open.setdefault(key, Body(self._two_periods))
        body.add_chunk(chunk)
        if chunk.last:
            del self._open[key]  # of others there may be any number
            if body.length >= MIB:
                self.bodies[key] = body


class Notes:
    """Of the events, which requests are ours (there may be other programs on this machine) and what connections lost."""

    def __init__(self, url):
        self.url, self.requests, self.lost = url, {}, {}

    def add(self, event):
        if event["eventType"] == "request" and event["url"] == self.url:
            self.requests[event["requestId"]] = event
        elif event["eventType"] == "connection":
            self.lost[event["meta"]["connectionId"]] = event.get("lostBytes", 0)

    def lost_of(self, request):
        return self.lost[self.requests[request]["connectionId"]]


def with_python(download, url, period, ring):
    sink, notes = HashingSink(period), Notes(url)
    options = {"capture.ring_bytes": ring, "capture.body_buffer": str(BODY_BUFFER)}
    session = qtap.Session(options, yaml=CONFIG, on_event=lambda event: notes.add(json.loads(event.json)))
    session.add_sink(sink)
    with session:
        memory = Memory(os.getpid())
        client = threading.Thread(target=download)
        client.start()
        end = time.monotonic() + DEADLINE_S
        while len(notes.requests) < 2 and time.monotonic() < end:
            session.poll(timeout_ms=50)
        client.join()
        session.stop()  # the last reports of the connections
        session.run()
        session.flush(DEADLINE_S * 1000)
        memory.stop()
        stats = session.stats
    ends = {direction: body.report(notes.lost_of(request))
            for (request, _, direction), body in sink.bodies.items() if request in notes.requests}
    return ends, memory, stats["bytes_lost"], stats["sink_dropped"]


def with_files(download, url, period, ring, folder):
    notes = Notes(url)
    with Agent("--set", "services.object_stores[0].bodies=true", "--set", f"capture.ring_bytes={ring}", "--set",
               f"capture.body_buffer={BODY_BUFFER}", objects=folder / "objects") as agent:
        memory = Memory(agent.pid)
        download()
        agent.wait_for_requests(url, 2)
        memory.stop()
        assert agent.stop() == 0, agent.err
        ledger = agent.ledger()
        for event in agent.events():
            notes.add(event)
    ends = {}
    for request, event in notes.requests.items():
        body = Body(period * 2)
        (path,) = (folder / "objects" / "bodies").glob(f"{request}.response*")
        body.add_file(path)
        ends["sent" if event["direction"] == "ingress" else "received"] = body.report(notes.lost_of(request))
    return ends, memory, ledger["lost"], ledger["dropped"]


def measure(args, folder):
    size, period, expected = args.mib * MIB, os.urandom(PERIOD), hashlib.sha256()
    (folder / "files").mkdir()
    with open(folder / "files" / "big", "wb") as big:
        for at in range(0, size, PERIOD):
            piece = period[:min(PERIOD, size - at)]
            expected.update(piece)
            big.write(piece)
    cert = certificate(folder)
    process, server = nginx(folder, cert, locations="")
    seconds = []

    def download():
        begin = time.monotonic()
        limit = ["--limit-rate", f"{args.rate}M"] if args.rate else []
        curl(server.url("/files/big"), "-o", "/dev/null", *limit, cert=cert.cert)
        seconds.append(time.monotonic() - begin)

    with process:
        url = server.url("/files/big")
        ends, memory, lost, dropped = with_python(download, url, period, args.ring) if args.sink == "python" else \
            with_files(download, url, period, args.ring, folder)
    for one in ends.values():
        one["hash_equal"] = one.pop("sha256") == expected.hexdigest()
    whole = len(ends) == 2 and all(one["hash_equal"] and not one["truncated"] for one in ends.values())
    # What is missing says so: nothing else is wrong, and with nothing dropped before the sink, the ledger of the
    # connection lost as much. In a file it is not known which zeros are a hole.
    exact = len(ends) == 2 and all(
        one["length"] == size and one["hash_equal"] == (not one["truncated"])
        and (args.sink == "file" or one["wrong"] == 0 and one["truncated"] == (one["missing"] > 0)
             and (dropped > 0 or one["missing"] == one["lost_on_connection"])) for one in ends.values())
    flat = memory.highest - memory.before <= 2 * int(args.ring.removesuffix("mb")) * MIB + ALLOWANCE
    return {"mib": args.mib, "sink": args.sink, "ring": args.ring, "rate_mib_s": args.rate or None,
            "seconds": round(seconds[0], 2), "mib_per_s": round(args.mib / seconds[0], 1), "ends": ends,
            "whole": whole, "exact": exact, "flat": flat,
            "rss_mib": {"before": memory.before // MIB, "highest": memory.highest // MIB, "after": memory.after // MIB},
            "bodies_cut_at": BODY_BUFFER, "bytes_lost": lost, "sink_dropped": dropped,
            "load": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(description="Streams one large body to a sink.")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--ring", default="64mb")
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--sink", choices=("python", "file"), default="python")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        report = measure(args, pathlib.Path(name))
    print(json.dumps(report, indent=1))
    return 0 if report["exact"] and report["flat"] else 1


if __name__ == "__main__":
    sys.exit(main())
