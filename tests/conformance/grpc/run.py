#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC and gRPC-Web between real peers in pairs, without TLS, through a relay that records: every kind of call, compressed
or not, that fails, that the server lacks, that runs into its deadline and that is cancelled. Each end's log (method, each
message, status, text) is what libqtap says, seen from either end, however the bytes are cut.

Usage: run.py NPM_FOLDER grpc|grpc-web [PAIR...]. Pairs whose peers are not installed are named; 77 when there was such a one.
"""
import dataclasses
import functools
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
GRPC_JS, CONNECT, GOOGLE = (["node", HERE / f"{name}.js"] for name in ("grpc_js", "connect", "grpc_web"))
NPM_PACKAGES = ("@grpc/grpc-js", "@connectrpc/connect-node", "@grpc-web/middleware", "grpc-web", "xhr2")
PROBES = {"grpcio": [PYTHON, "-c", "import grpc"],
          **{name: ["node", "-e", f"require('{name}')"] for name in NPM_PACKAGES}}


@dataclasses.dataclass
class Pair:
    ask: list
    serve: list
    needs: list
    calls: int  # that the client makes
    protocol: str = "grpc"
    type: str = "application/grpc"
    fails_in_head: tuple = ()  # methods whose status comes without a body


def of_grpc():
    """Two implementations that know nothing of each other."""
    ask = {"grpc-js": [*GRPC_JS, "ask"], "grpcio": [PYTHON, E2E / "clients" / "grpc_client.py"]}
    serve = {"grpc-js": [*GRPC_JS, "serve"], "grpcio": [PYTHON, E2E / "servers" / "grpc_server.py"]}
    needs = {"grpc-js": "@grpc/grpc-js", "grpcio": "grpcio"}
    return {f"{client} and {server}": Pair(ask[client], serve[server], [needs[client], needs[server]], 16,
                                           fails_in_head=("UnaryFail", "UnaryMissing")) for client in ask for server in serve}


def of_grpc_web():
    connect, google = ["@connectrpc/connect-node"], ["@connectrpc/connect-node", "grpc-web", "xhr2"]
    web, text = "application/grpc-web+proto", "application/grpc-web-text"
    one, two = ([*CONNECT, "serve", version] for version in "12")
    proxy = ["node", HERE / "grpc_web_proxy.js"]
    return {
        "connect, gRPC": Pair([*CONNECT, "ask", "grpc"], two, connect, 15, "grpc", "application/grpc+proto"),
        "connect, gRPC-Web over HTTP/2": Pair([*CONNECT, "ask", "web2"], two, connect, 15, "http2", web),
        "connect, gRPC-Web over HTTP/1": Pair([*CONNECT, "ask", "web1"], one, connect, 12, "http1", web),
        "grpc-web and connect, binary": Pair([*GOOGLE, "binary"], one, google, 5, "http1", web),
        "grpc-web and connect, text": Pair([*GOOGLE, "text"], one, google, 8, "http1", text),
        "grpc-web and middleware, binary": Pair([*GOOGLE, "binary"], proxy, [*google, "@grpc-web/middleware"], 5, "http1", web),
        "grpc-web and middleware, text": Pair([*GOOGLE, "text"], proxy, [*google, "@grpc-web/middleware"], 8, "http1", text),
    }


# No proxy stands between the peers, whatever this machine uses for others.
ENV = {**{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
       "NODE_PATH": str(NPM / "node_modules")}


@functools.cache
def is_there(need):
    try:
        return subprocess.run(PROBES[need], env=ENV, check=False, capture_output=True, timeout=DEADLINE_S).returncode == 0
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


def converse(pair):
    """(lines of the client, lines of the server, what was recorded)"""
    with tempfile.TemporaryDirectory() as folder:
        serving = Serving(pair.serve, folder)
        try:
            relay = Relay(serving.port)
            asked = subprocess.run([*pair.ask, str(relay.port), "more"], env=ENV, check=True, timeout=DEADLINE_S,
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


def check(pair):
    theirs, logged, recorded = converse(pair)
    assert len(theirs) == pair.calls, f"the client made {len(theirs)} calls"
    theirs = [{**line, "message": ""} if line["method"] in GIVEN_UP else line for line in theirs]
    failures = []
    for view, ours in views(recorded, lines_of):
        failures += compare(f"{view}: client's log", theirs, [known_to(line) for line in ours],
                            ["method", "requests", "responses", "status", "message"])
        served = [known_to(line, cancelled=1) for line in ours if line["method"] != "UnaryMissing"]
        failures += compare(f"{view}: server's log", logged, served, ["method", "requests", "responses", "status"])
        for line in ours:
            wanted = {"service": "test.Echo", "protocol": pair.protocol, "type": pair.type}
            wrong = [name for name, value in wanted.items() if line[name] != value]
            if line["compressed"][0] != line["method"].endswith(("Gzip", "Deflate", "Brotli")):
                wrong.append("compressed")
            if line["method"] in pair.fails_in_head and not line["trailers_only"]:
                wrong.append("trailers_only")
            failures += [f"{view}: {line['method']}: {name} is {line[name]}" for name in wrong]
    return failures, len(theirs), len(recorded)


def main():
    skipped = failed = 0
    for name, pair in {"grpc": of_grpc, "grpc-web": of_grpc_web}[sys.argv[2]]().items():
        if sys.argv[3:] and name not in sys.argv[3:]:
            continue
        if lacks := [need for need in dict.fromkeys(pair.needs) if not is_there(need)]:
            print(f"{name}: skipped, {lacks[0]} is not installed (tests/install-deps.sh test)")
            skipped += 1
            continue
        failures, count, connections = check(pair)
        print(f"{name}: {'FAILED' if failures else 'agree'}, {count} calls on {connections} connections", *failures,
              sep="\n  ", flush=True)
        failed += bool(failures)
    sys.exit(1 if failed else 77 if skipped else 0)


if __name__ == "__main__":
    main()
