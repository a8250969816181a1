# SPDX-License-Identifier: Apache-2.0
"""gRPC, WebSocket and server-sent events between real peers, both ends captured: each message that the peers' own logs
have is told to on_message with its bytes, and nothing else is; events and objects have the counts."""
import json
import os
import subprocess
import sys
import time

import pytest
from harness import DEADLINE_S, ENVIRONMENT, HERE, PYTHON, ROOT, Process, run_client
from listeners import Server

pytestmark = pytest.mark.live

sys.path.insert(0, str(ROOT / "bindings" / "python"))


def needs(module):
    """Of the python that runs the peers."""
    if subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode != 0:
        pytest.skip(f"needs the module {module} of {PYTHON}")


class Capture:
    """A session in this process; what it was told of one port."""

    def __init__(self, port):
        import qtap
        self.port, self.messages, self.transactions, self.events = port, [], [], []
        self._session = qtap.Session({
            "capture.source": "live", "capture.message_buffer": "1mb", "capture.ring_bytes": "128mb",
            "services.event_stores[0].type": "disabled", "stacks.s.plugins[0].type": "report_usage",
            "tap.http.stack": "s"}, on_message=self._on_message, on_transaction=self._on_transaction,
            on_event=self.events.append)
        self._session.start()

    def _is_ours(self, conn):
        return self.port in (conn.get("src.port"), conn.get("dst.port"))

    def _on_message(self, message):
        if self._is_ours(message.connection):
            self.messages.append(message)

    def _on_transaction(self, tx):
        if self._is_ours(tx.connection):
            self.transactions.append(tx)

    def poll_until(self, what, found):
        end = time.monotonic() + DEADLINE_S
        while not (result := found()):
            assert time.monotonic() < end, f"no {what}: {len(self.messages)} messages, {len(self.transactions)} transactions"
            self._session.poll(100)
        return result

    def of(self, pid, transaction_id, side):
        return [m for m in self.messages if m.connection["src.process.pid"] == pid and m.message == side
                and m.transaction["transaction.id"] == transaction_id]

    def requests(self):
        return {event["requestId"]: event for event in (one.to_dict() for one in self.events)
                if event["eventType"] == "request"}

    def close(self):
        stats = self._session.stats
        self._session.close()
        assert stats["bytes_lost"] == 0 and stats["parse_errors"] == 0, stats


def start_server(name, **more):
    process = Process([PYTHON, HERE / "servers" / name], **more)
    return process, int(process.wait_for_line(process.out, r"^port (\d+)$").group(1))


def lines_of(process, count):
    """The JSON lines behind the port."""
    process.wait_for(f"{count} lines", lambda: len(process.out) > count)
    return [json.loads(line) for line in process.out[1:]]


def test_grpc_of_every_kind():
    needs("grpc")
    server, port = start_server("grpc_server.py")
    with server:
        capture = Capture(port)
        client_pid, out = run_client([PYTHON, HERE / "clients" / "grpc_client.py", port])
        theirs = [json.loads(line) for line in out.decode().splitlines()]
        capture.poll_until("transactions", lambda: len(capture.transactions) >= 2 * len(theirs))
        logged = lines_of(server, len(theirs))
        capture.close()

    for pid, calls in ((client_pid, theirs), (server.pid, logged)):
        ours = [tx for tx in capture.transactions if tx.connection["src.process.pid"] == pid]
        assert [tx["grpc.method"] for tx in ours] == [call["method"] for call in calls]
        for tx, call in zip(ours, calls):
            assert tx["protocol"] == "grpc" and tx["grpc.service"] == "test.Echo"
            assert tx["grpc.status"] == call["status"]
            assert tx.get("grpc.message", "") == call.get("message", tx.get("grpc.message", ""))
            asked, answered = (capture.of(pid, tx["transaction.id"], side) for side in ("request", "response"))
            assert [m.payload.hex() for m in asked] == call["requests"]
            assert [m.payload.hex() for m in answered] == call["responses"]
            assert tx["grpc.req.messages"] == len(asked) and tx["grpc.res.messages"] == len(answered)
            assert tx["grpc.req.bytes"] == sum(m.wire_length for m in asked)
            event = capture.requests()[tx["transaction.id"]]
            assert (event["grpcService"], event["grpcMethod"]) == ("test.Echo", call["method"])
            assert event["grpcStatus"] == str(call["status"])
            assert event["grpcResponseMessages"] == len(answered)
            assert all(m.transaction["http.req.path"] == f"/test.Echo/{call['method']}" for m in asked + answered)
            if call["method"].endswith(("Gzip", "Deflate")):
                assert "compressed" in asked[0].flags and asked[0].wire_length < asked[0].length
            assert not any(m.flags - {"compressed"} for m in asked + answered)
    failed = [tx for tx in capture.transactions if tx["grpc.method"] == "UnaryFail"]
    assert [tx["grpc.message"] for tx in failed] == ["nothing at all: ä%"] * 2
    assert {tx["grpc.status_name"] for tx in failed} == {"NOT_FOUND"}


def test_websocket_with_and_without_compression():
    needs("websockets")
    server, port = start_server("websocket_server.py")
    with server:
        capture = Capture(port)
        client_pid, out = run_client([PYTHON, HERE / "clients" / "websocket_client.py", port])
        theirs = [json.loads(line) for line in out.decode().splitlines()]
        closes = capture.poll_until("close frames", lambda: enough(
            [m for m in capture.messages if m.opcode == 8], 8))
        reports = capture.poll_until("last reports", lambda: enough(
            [e for e in (one.to_dict() for one in capture.events) if e["eventType"] == "connection" and e["finalized"]
             and "websocket" in e], 4))
        logged = lines_of(server, len(theirs))
        capture.close()

    assert len(theirs) == len(logged) == 2
    for pid, talks in ((client_pid, theirs), (server.pid, logged)):
        upgrades = [tx for tx in capture.transactions if tx.connection["src.process.pid"] == pid]
        assert [tx["http.res.status"] for tx in upgrades] == [101, 101]  # and no false transaction
        for tx, talk, is_compressed in zip(upgrades, talks, (True, False)):
            for side, key in (("request", "requests"), ("response", "responses")):
                told = capture.of(pid, tx["transaction.id"], side)
                data = [m for m in told if m.opcode < 8]
                assert [[("", "text", "binary")[m.opcode], m.payload.hex()] for m in data] == talk[key]
                assert [m.index for m in data] == list(range(len(data)))
                assert not any(m.flags - {"compressed"} for m in told)
                assert any("compressed" in m.flags for m in data) == is_compressed
                assert [m.close_code for m in told if m.opcode == 8] == [talk["code"]]
            pings = [m for m in capture.of(pid, tx["transaction.id"], "request") if m.opcode == 9]
            assert [m.payload for m in pings] == [b"are you there"]
            (report,) = [one for one in reports if one["meta"]["connectionId"] == tx["connection.id"]]
            assert report["websocket"]["messagesSent"] == len(talk["requests"])
            assert report["websocket"]["messagesReceived"] == len(talk["responses"])
            assert report["websocket"]["closeCode"] == talk["code"]
    assert len(closes) == 8


PEERS = ROOT / "tests" / "conformance" / "websockets"
NODE_ENV = {**ENVIRONMENT, "NODE_PATH": os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))}
# RFC 8441: (client, server)
OVER_HTTP2 = {"python": ([PYTHON, PEERS / "http2_peers.py", "ask"], [PYTHON, PEERS / "http2_peers.py", "serve"]),
              "node": (["node", PEERS / "ws.js", "ask2"], ["node", PEERS / "ws.js", "serve2"])}


@pytest.mark.parametrize("kind, deflate", [("python", None), ("node", {})])
def test_websocket_over_http2(kind, deflate):
    needs("hypercorn, wsproto, h2" if kind == "python" else "json")
    if kind == "node" and subprocess.run(["node", "-e", "require('ws')"], env=NODE_ENV, capture_output=True).returncode != 0:
        pytest.skip("needs node and its module ws")
    ask, serve = OVER_HTTP2[kind]
    setup = json.dumps({"deflate": deflate, "closer": "serve", "code": 4001, "reason": "enough", "isShort": True})
    with Process([*serve, setup], env=NODE_ENV) as server:
        port = json.loads(server.wait_for_line(server.out, "port").string)["port"]
        capture = Capture(port)
        with Process([*ask, setup, port], env=NODE_ENV) as client:
            assert client.wait() == 0, client.err
        # A close frame in each direction, seen from either end.
        capture.poll_until("close frames", lambda: len([m for m in capture.messages if m.opcode == 8]) >= 4)
        logged = [json.loads(line) for line in server.out[1:]]
        capture.close()
    asked = [json.loads(line) for line in client.out]

    for pid in (client.pid, server.pid):
        for side, sender in (("request", asked), ("response", logged)):
            told = [m for m in capture.messages if m.connection["src.process.pid"] == pid and m.message == side]
            assert {m.transaction["http.req.path"] for m in told} == {"/chat?x=1"}
            assert [m.payload.hex() for m in told if m.opcode in (1, 2)] == \
                [line["hex"] for line in sender if line.get("sent") in ("text", "binary")]
            assert [m.close_code for m in told if m.opcode == 8] == [4001]
            assert not any(m.flags - {"compressed"} for m in told)
            assert any("compressed" in m.flags for m in told) == (deflate is not None)


@pytest.mark.parametrize("path", ["/plain", "/gzip", "/close"])
def test_server_sent_events_as_they_arrive(path):
    """The next event is asked for only when the one before was told: none may wait for the end of the body."""
    server, port = start_server("sse_server.py", stdin=subprocess.PIPE)
    with server:
        capture = Capture(port)
        url = Server(server.pid, PYTHON, port, "http", None).url(path)
        with Process(["/usr/bin/curl", "-sSN", "--compressed", "--max-time", "120", url]) as client:
            for count in range(1, 6):
                server.write_stdin("next\n")
                capture.poll_until(f"event {count} at both ends", lambda: len(capture.messages) >= 2 * count)  # noqa: B023
                assert count == 5 or not capture.transactions  # behind the last one the server ends the body
            assert client.wait() == 0
        capture.poll_until("transactions", lambda: len(capture.transactions) >= 2)
        logged = lines_of(server, 5)
        capture.close()

    for pid in (client.pid, server.pid):
        (tx,) = [one for one in capture.transactions if one.connection["src.process.pid"] == pid]
        told = capture.of(pid, tx["transaction.id"], "response")
        assert [(m.type, m.id, m.text) for m in told] == [(e["type"], e["id"], e["data"]) for e in logged]
        assert tx["sse.events"] == 5
        assert tx["sse.first_event_us"] >= tx["http.ttfb_us"] > 0
        assert tx["sse.max_gap_us"] >= tx["sse.mean_gap_us"] > 0
        event = capture.requests()[tx["transaction.id"]]
        assert event["sseEvents"] == 5 and event["sseFirstEventUs"] == tx["sse.first_event_us"]
        assert "lines" not in json.dumps(event)
        assert [m.first_ns for m in told] == sorted(m.first_ns for m in told)


def enough(found, count):
    return found if len(found) >= count else None
