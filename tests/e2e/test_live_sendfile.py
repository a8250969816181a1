# SPDX-License-Identifier: Apache-2.0
"""Bodies that never were in memory of the server (sendfile): they are missing by name and number, and what comes behind
on the connection is read."""
import http.client

import pytest
from harness import body_of, objects_in
from listeners import nginx

pytestmark = pytest.mark.live

LOCATIONS = """
location /sent/ { sendfile on; sendfile_max_chunk 64k; alias %s/files/; }
location / { default_type text/plain; return 200 "hello\\n"; }
"""
BODIES = {"/sent/large": b"large " * 200_000, "/hello/1": b"hello\n", "/sent/small": b"s", "/hello/2": b"hello\n"}


def test_nginx_with_sendfile(agent, tmp_path):
    folder = tmp_path / "nginx"
    folder.mkdir()
    running = agent()
    process, server = nginx(folder, None, locations=LOCATIONS % folder)
    for path, body in BODIES.items():
        if path.startswith("/sent/"):
            (folder / "files" / path[len("/sent/"):]).write_bytes(body)
    try:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=60)
        for path, body in BODIES.items():
            connection.request("GET", path)
            assert connection.getresponse().read() == body
        connection.close()
        requests = {path: running.wait_for_requests(server.url(path), 2) for path in BODIES}
    finally:
        process.stop()

    sent = {path: len(body) for path, body in BODIES.items() if path.startswith("/sent/")}
    for path, (one, other) in requests.items():
        ingress = one if one["direction"] == "ingress" else other
        egress = other if one["direction"] == "ingress" else one
        assert ingress["status"] == egress["status"] == 200
        assert "truncated" not in egress
        assert ingress.get("truncated", False) == (path in sent)
        assert ingress.get("missingBytes", 0) == sent.get(path, 0)
        assert ingress["bytesReceived"] == egress["bytesSent"] and ingress["bytesSent"] == egress["bytesReceived"]
    (event,) = [event for event in running.events("connection") if event["finalized"]
                and event["meta"]["connectionId"] in {one["connectionId"] for one in requests["/hello/1"]}
                and event["direction"] == "ingress"]
    assert event["lostBytes"] == sum(sent.values())

    assert running.stop() == 0, running.err
    assert running.ledger()["lost"] == sum(sent.values()), running.err
    assert any(f"no buffer {sum(sent.values())}," in line for line in running.err), running.err
    objects = [one for one in objects_in(running.objects_dir) if one["request"]["url"].startswith(server.url("/"))]
    assert len(objects) == 2 * len(BODIES)
    of_server = {event["meta"]["connectionId"]}
    for one in objects:
        path = one["request"]["url"][len(server.url("")):]
        is_server = one["metadata"]["connection_id"] in of_server
        missing = sent.get(path, 0) if is_server else 0
        assert one["response"].get("missing_bytes", 0) == missing
        assert len(body_of(one["response"])) == len(BODIES[path]) - missing
