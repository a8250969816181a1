#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC between two implementations in all four pairs, without TLS, through a relay that records: every kind of call,
compressed or not, that fails, that the server lacks, that runs into its deadline and that is cancelled. Each end's log
(method, each message, status, text) is what libqtap says, seen from either end, however the bytes are cut.

Usage: run.py NPM_FOLDER [PAIR...]. Pairs whose peers are not installed are named; 77 when there was such a one.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))

from calls import CUT, compare, lines_of  # noqa: E402
from relay import Relay, views  # noqa: E402

NPM = pathlib.Path(sys.argv[1])
E2E = HERE.parents[1] / "e2e"
PYTHON = "/usr/bin/python3"
DEADLINE_S = 60
PEERS = {
    "grpc-js": {"serve": ["node", HERE / "grpc_js.js", "serve"], "ask": ["node", HERE / "grpc_js.js", "ask"],
                "probe": ["node", "-e", "require('@grpc/grpc-js')"]},
    "grpcio": {"serve": [PYTHON, E2E / "servers" / "grpc_server.py"], "ask": [PYTHON, E2E / "clients" / "grpc_client.py"],
               "probe": [PYTHON, "-c", "import grpc"]},
}
# No proxy stands between the peers, whatever this machine uses for others.
ENV = {**{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
       "NODE_PATH": str(NPM / "node_modules")}


def is_there(argv):
    try:
        return subprocess.run(argv, env=ENV, check=False, capture_output=True, timeout=DEADLINE_S).returncode == 0
    except FileNotFoundError:
        return False


class Serving:
    """A server that writes its port and then its log into a file: a pipe that nobody reads would hold it up."""

    def __init__(self, argv, folder):
        self._path = pathlib.Path(folder) / "out"
        with self._path.open("wb") as out, (pathlib.Path(folder) / "errors").open("wb") as errors:
            self._process = subprocess.Popen(argv, env=ENV, stdout=out, stderr=errors, stdin=subprocess.DEVNULL)
        self.port = int(re.search(r"\d+", self.lines(1)[0])[0])

    def lines(self, count):
        """Of its output, once there are so many."""
        end = time.monotonic() + DEADLINE_S
        while len(lines := self._path.read_text().split("\n")[:-1]) < count:
            assert time.monotonic() < end and self._process.poll() is None, f"{len(lines)} lines of {count}"
            time.sleep(0.02)
        return lines

    def stop(self):
        self._process.terminate()
        self._process.wait(DEADLINE_S)


def converse(client, server):
    """(lines of the client, lines of the server, what was recorded)"""
    with tempfile.TemporaryDirectory() as folder:
        serving = Serving(PEERS[server]["serve"], folder)
        try:
            relay = Relay(serving.port)
            asked = subprocess.run([*PEERS[client]["ask"], str(relay.port), "more"], env=ENV, check=True, timeout=DEADLINE_S,
                                   stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
            theirs = [json.loads(line) for line in asked.stdout.splitlines()]
            recorded = relay.finish()
            # A line of each call but that of the method which it lacks.
            logged = [json.loads(line) for line in serving.lines(len(theirs))[1:]]
        finally:
            serving.stop()
    return theirs, logged, recorded


# What a client calls a call that it gave up, and what was seen of it: the server may have run into the deadline first.
GIVEN_UP = {"UnaryHang": (4, (4, CUT)), "BidiHang": (1, (CUT,))}


def known_to(line, cancelled=None):
    """Our line of a call that was given up, with the status that its end logs and without a text, which was never sent."""
    if line["method"] not in GIVEN_UP:
        return line
    status, seen = GIVEN_UP[line["method"]]
    return {**line, "message": "", "status": cancelled or status if line["status"] in seen else line["status"]}


def check(client, server):
    theirs, logged, recorded = converse(client, server)
    assert len(theirs) == 16, f"{client} made {len(theirs)} calls"
    theirs = [{**line, "message": ""} if line["method"] in GIVEN_UP else line for line in theirs]
    failures = []
    for view, ours in views(recorded, lines_of):
        failures += compare(f"{view}: {client}'s log", theirs, [known_to(line) for line in ours],
                            ["method", "requests", "responses", "status", "message"])
        served = [known_to(line, cancelled=1) for line in ours if line["method"] != "UnaryMissing"]
        failures += compare(f"{view}: {server}'s log", logged, served, ["method", "requests", "responses", "status"])
        for line in ours:
            wanted = {"service": "test.Echo", "protocol": "grpc", "type": "application/grpc"}
            wrong = [name for name, value in wanted.items() if line[name] != value]
            if line["compressed"][0] != line["method"].endswith(("Gzip", "Deflate")):
                wrong.append("compressed")
            if line["method"] in ("UnaryFail", "UnaryMissing") and not line["trailers_only"]:
                wrong.append("trailers_only")
            failures += [f"{view}: {line['method']}: {name} is {line[name]}" for name in wrong]
    return failures, len(theirs), len(recorded)


def main():
    skipped = failed = 0
    lacks = [name for name, peer in PEERS.items() if not is_there(peer["probe"])]
    for client in PEERS:
        for server in PEERS:
            pair = f"{client} and {server}"
            if sys.argv[2:] and pair not in sys.argv[2:]:
                continue
            if missing := [name for name in (client, server) if name in lacks]:
                print(f"{pair}: skipped, {missing[0]} is not installed (tests/install-deps.sh test)")
                skipped += 1
                continue
            failures, count, connections = check(client, server)
            print(f"{pair}: {'FAILED' if failures else 'agree'}, {count} calls on {connections} connections", *failures,
                  sep="\n  ", flush=True)
            failed += bool(failures)
    sys.exit(1 if failed else 77 if skipped else 0)


if __name__ == "__main__":
    main()
