# SPDX-License-Identifier: Apache-2.0
"""Times come from the kernel (spec/better-than.md, B31). The programs note the time right before and right after each of
their calls; what we say must lie between, also while our reader is stopped. On a busy machine the two may be far from each
other, but what happened still lies between."""
import calendar
import json
import os
import signal
import time

import pytest
from harness import HERE, PYTHON, Process, run_client

pytestmark = pytest.mark.live

TIMED = HERE / "programs" / "timed.py"
HANDSHAKE_MS = 30
STOPPED_ERROR_US = 100  # B31: while the reader is stopped for a second


def delay_error_us(delay_us):
    return delay_us * 0.02 + 200  # B31: of server delays from 1 ms to 1 s


def lines_of(text):
    return {one["path"]: one for one in map(json.loads, text.splitlines())}


def bounds_us(start, end):
    """The least and the most that lies between two calls, each [before, after]."""
    return (end[0] - start[1]) / 1000, (end[1] - start[0]) / 1000


def miss_us(value, bounds):
    """How far a value lies outside of its bounds."""
    low, high = bounds
    return max(low - value, value - high, 0)


def unix_ns(text):
    """RFC 3339 with nanoseconds."""
    seconds, _, rest = text.rstrip("Z").partition(".")
    parsed = time.strptime(seconds + " UTC", "%Y-%m-%dT%H:%M:%S %Z")
    return calendar.timegm(parsed) * 10**9 + int(rest)


def enough(lines, count):
    return list(lines) if len(lines) >= count else None


class Run:
    """One client run against the delaying server, captured at both ends."""

    def __init__(self, agent, cert, delays, stops_reader=False):
        argv = [PYTHON, TIMED, "serve", HANDSHAKE_MS, *([cert.cert, cert.key] if cert else [])]
        with Process(argv) as server:
            port = server.wait_for_line(server.out, r"^port (\d+)$").group(1)
            ask = [PYTHON, TIMED, "ask", port, cert.cert if cert else "-"]
            url = f"{'https' if cert else 'http'}://localhost:{port}"
            running = agent("--set", "capture.ring_bytes=64mb")
            # What it has to attach to, it has by now.
            run_client([*ask, 777])
            running.wait_for_requests(url + "/0/777", 2)
            if stops_reader:
                os.kill(running.pid, signal.SIGSTOP)
            try:
                self.client = lines_of(run_client([*ask, *delays])[1].decode())
            finally:
                os.kill(running.pid, signal.SIGCONT)
            self.requests, self.connections = {}, {}
            for path in self.client:
                for request in running.wait_for_requests(url + path, 2):
                    end = "client" if request["direction"].startswith("egress") else "server"
                    self.requests[path, end] = request
                    self.connections[path, end] = running.connection(request["connectionId"])
            told = server.wait_for("log of the server", lambda: enough(server.out, 2 + len(delays)))
            self.server = lines_of("\n".join(told[1:]))
        assert len(self.requests) == 2 * len(delays)

    def truth(self, path, end):
        """What one end noted of a request."""
        return (self.client if end == "client" else self.server)[path]


@pytest.mark.parametrize("is_tls", [True, False], ids=["https", "http"])
def test_a_stopped_reader_changes_no_time(is_tls, cert, agent):
    """More than a second passes before the reader gets to see the first record."""
    run = Run(agent, cert if is_tls else None, [50, 5, 1000, 50, 200], stops_reader=True)
    stopped = run.client["/4/200"]["end"][1] - run.client["/0/50"]["start"][0]
    assert stopped > 1_000_000_000
    for (path, end), request in run.requests.items():
        truth = run.truth(path, end)
        for field in ("durationUs", "ttfbUs"):  # the answer is one call
            bounds = bounds_us(truth["start"], truth["end"])
            assert miss_us(request[field], bounds) <= STOPPED_ERROR_US, (path, end, field, request[field], bounds)
        assert request["requestUs"] == 0  # so is the request
    # The clocks of the two ends are one: the same connection, seen by both.
    for path in run.client:
        starts = {end: unix_ns(run.requests[path, end]["timestamp"]) for end in ("client", "server")}
        bounds = bounds_us(run.client[path]["start"], run.server[path]["start"])
        gap_us = (starts["server"] - starts["client"]) / 1000
        assert miss_us(gap_us, bounds) <= STOPPED_ERROR_US, (path, gap_us, bounds)


@pytest.mark.parametrize("is_tls", [True, False], ids=["https", "http"])
def test_server_delays_are_reported(is_tls, cert, agent):
    delays = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    run = Run(agent, cert if is_tls else None, delays)
    for (path, end), request in run.requests.items():
        truth = run.truth(path, end)
        delay_us = 1000 * int(path.rpartition("/")[2])
        assert request["durationUs"] >= delay_us
        assert miss_us(request["durationUs"], bounds_us(truth["start"], truth["end"])) <= delay_error_us(delay_us)


def test_handshakes_are_measured(cert, agent):
    run = Run(agent, cert, [1] * 8)
    errors = []
    for path, noted in run.client.items():
        us = run.connections[path, "client"]["tlsHandshakeUs"]
        begun, ended = noted["handshake"]
        assert us <= (ended - begun) / 1000 + 1
        # It cannot end before the server began with its part.
        waited_us = (run.server[path]["woke"] - begun) / 1000
        errors.append((waited_us - us, waited_us / 2))
        assert run.connections[path, "server"]["tlsHandshakeUs"] > 0
    # The time from our note to the call itself is this machine's, and long where it is busy.
    assert any(error <= allowed for error, allowed in errors), errors


def test_plain_connections_have_no_handshake_and_accepted_ones_no_connect(agent):
    run = Run(agent, None, [1, 1])
    for path, noted in run.client.items():
        client, server = (run.connections[path, end] for end in ("client", "server"))
        assert "tlsHandshakeUs" not in client and "tlsHandshakeUs" not in server
        assert "connectUs" not in server
        begun, ended = noted["connect"]
        assert 0 < client["connectUs"] <= (ended - begun) / 1000 + 1


def test_connects_are_measured_whether_somebody_waits_or_not(agent):
    running = agent()
    out = run_client([PYTHON, HERE / "clients" / "timed_connects.py"])[1].decode()
    noted = {one["name"]: one for one in map(json.loads, out.splitlines())}

    def reports():
        found = {event["source"]["address"]["port"]: event for event in running.events("connection")
                 if event["finalized"] and event.get("direction", "").startswith("egress")}
        ours = {name: found.get(one["port"]) for name, one in noted.items()}
        return ours if all(ours.values()) else None

    connections = running.wait_for("reports of three connections", reports)
    took = {name: connection["connectUs"] for name, connection in connections.items()}
    for name, one in noted.items():
        begun, ended = one["times"]
        assert 0 < took[name] <= (ended - begun) / 1000 + 1, name
    # Nobody looked for 300 ms; it was done long before.
    assert took["unwatched"] < 250_000
    # TCP waits a second before it sends a SYN again (RFC 6298, 2.1); the timer ticks in steps of up to 10 ms.
    assert took["dropped"] > 980_000
