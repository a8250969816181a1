# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 between real peers, both ends captured: what their own logs say is what we say."""
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from harness import DEADLINE_S, HERE, PYTHON, Process, body_of, objects_in, run_client, run_logged, sha256
from listeners import Server, nginx

pytestmark = pytest.mark.live

MIB = 1 << 20
LARGE = ["--http-buffer-size", "16mb", "--set", "capture.ring_bytes=128mb"]


def h2_nginx(folder, cert):
    """nginx that speaks HTTP/2, and logs what it answered."""
    form = 'log_format peer "$server_protocol $request_method $request_uri $status $body_bytes_sent"; client_max_body_size 0;'
    locations = f"""
    access_log {folder}/access.log peer;
    location / {{ default_type text/plain; return 200 "hello\\n"; }}
    location /post {{ client_body_buffer_size 4m; proxy_pass http://unix:{folder}/answer.sock:/; }}
    """
    answering = f'server {{ listen unix:{folder}/answer.sock; location / {{ return 200 "taken\\n"; }} }}'
    return nginx(folder, cert, "TLSv1.3", http=form, listen="http2", locations=locations, servers=answering)


def access_log(folder, count):
    """Its lines, once there are so many: nginx writes each when it is done with the request, after the client."""
    end = time.monotonic() + DEADLINE_S
    while True:
        lines = (pathlib.Path(folder) / "access.log").read_text().splitlines()
        if len(lines) >= count or time.monotonic() > end:
            return lines
        time.sleep(0.02)


def curl2(server, *args):
    flag = "--http2" if server.scheme == "https" else "--http2-prior-knowledge"
    ca = ["--cacert", server.cert] if server.cert else []
    return run_client(["/usr/bin/curl", "-sS", flag, "--max-time", "120", *ca, *args])


@pytest.mark.parametrize("is_tls", [True, False], ids=["https", "http"])
def test_get_of_10_mib_with_its_query(is_tls, cert, agent, tmp_path):
    process, server = h2_nginx(tmp_path, cert if is_tls else None)
    with process:
        content = bytes(range(256)) * (10 * MIB // 256)
        (tmp_path / "files" / "large").write_bytes(content)
        url = server.url("/files/large?x=1&y=2")
        running = agent(*LARGE)
        _, out = curl2(server, url)
        assert out == content
        running.wait_for_requests(server.url("/files/large"), 2)
        requests, objects = running.finish(server)

    assert [request["protocol"] for request in requests] == ["http2", "http2"]
    assert {request["status"] for request in requests} == {200}
    assert access_log(tmp_path, 1) == [f"HTTP/2.0 GET /files/large?x=1&y=2 200 {len(content)}"]
    assert len(objects) == 2
    for one in objects:
        assert one["request"]["path"] == "/files/large?x=1&y=2"
        assert one["request"]["protocol"] == "http2"
        assert one["request"]["headers"][":authority"] == f"localhost:{server.port}"
        assert sha256(body_of(one["response"])) == sha256(content)
        assert one["response"]["body_bytes"] == len(content)
        assert "truncated" not in one and "unknown_fields" not in one["request"]


def test_post_and_connection_facts(cert, agent, tmp_path):
    process, server = h2_nginx(tmp_path, cert)
    with process:
        payload = tmp_path / "payload"
        payload.write_bytes(b"0123456789abcdef" * (MIB // 16))
        url = server.url("/post")
        running = agent(*LARGE)
        _, out = curl2(server, "--data-binary", f"@{payload}", url)
        assert out == b"taken\n"
        found = running.wait_for_requests(url, 2)
        connections = [running.connection(request["connectionId"]) for request in found]
        requests, objects = running.finish(server)

    assert {connection["l7Protocol"] for connection in connections} == {"http2"}
    assert sorted(request["direction"] for request in requests) == ["egress-internal", "ingress"]
    posts = [one for one in objects if one["request"]["url"] == url]
    assert len(posts) == 2
    for one in posts:
        assert one["request"]["method"] == "POST"
        assert sha256(body_of(one["request"])) == sha256(payload.read_bytes())
        assert body_of(one["response"]) == b"taken\n"
        assert one["duration_us"] >= one["ttfb_us"] > 0


def test_parallel_streams_on_one_connection(cert, agent, tmp_path):
    process, server = h2_nginx(tmp_path, cert)
    with process:
        names = [f"f{i}" for i in range(50)]
        for i, name in enumerate(names):
            (tmp_path / "files" / name).write_bytes(name.encode() * (1000 * i + 1))
        running = agent(*LARGE)
        urls = [server.url(f"/files/{name}") for name in names]
        outputs = [arg for name in names for arg in ("-o", tmp_path / f"out-{name}")]
        curl2(server, "--parallel", "--parallel-max", "50", *outputs, *urls)
        for url in urls:
            running.wait_for_requests(url, 2)
        _, objects = running.finish(server)

    assert len(objects) == 2 * len(names)
    for one in objects:
        name = one["request"]["path"].rpartition("/")[2]
        assert body_of(one["response"]) == (tmp_path / "files" / name).read_bytes()
        assert "truncated" not in one
    theirs = sorted(line.split()[2:] for line in access_log(tmp_path, len(names)))
    ours = sorted([one["request"]["path"], str(one["response"]["status"]), str(one["response"]["body_bytes"])]
                  for one in objects if one["direction"] == "ingress")
    assert ours == theirs


def test_h2c_upgrade(agent):
    """curl asks in HTTP/1.1; the answer is stream 1 (RFC 7540, 3.2), and the next request is another stream."""
    pytest.importorskip("h2", reason="needs python3-h2")
    with Process([PYTHON, HERE / "servers" / "h2c_server.py"]) as process:
        port = int(process.wait_for_line(process.out, r"^port (\d+)$").group(1))
        server = Server(process.pid, PYTHON, port, "http", None)
        running = agent()
        urls = [server.url("/first"), server.url("/second")]
        _, out = run_client(["/usr/bin/curl", "-sS", "--http2", "--max-time", DEADLINE_S, *urls])
        assert out == b"upgraded\n" * 2
        for url in urls:
            requests = running.wait_for_requests(url, 2)
            assert {request["protocol"] for request in requests} == {"http2"}
            assert {request["status"] for request in requests} == {200}
            assert all("truncated" not in request for request in requests)
            assert [body_of(one["response"]) for one in running.wait_for_objects(url, 2)] == [b"upgraded\n"] * 2
            assert running.connection(requests[0]["connectionId"])["l7Protocol"] == "http2"


def test_h2load_is_counted(cert, agent, tmp_path):
    """Many connections and streams: as many transactions as the client and the server count."""
    if not shutil.which("h2load"):
        pytest.skip("needs h2load (nghttp2-client)")
    process, server = h2_nginx(tmp_path, cert)
    with process:
        running = agent(*LARGE)
        done = run_logged(["h2load", "-n", "2000", "-c", "10", "-m", "20", server.url("/load")])[1].decode()
        assert re.search(r"2000 succeeded, 0 failed", done), done
        requests = running.wait_for_requests(server.url("/load"), 4000)
        running.finish(server)
    assert len(access_log(tmp_path, 2000)) == 2000
    for direction in ("egress-internal", "ingress"):
        seen = [request for request in requests if request["direction"] == direction]
        assert len(seen) == 2000
        assert all(request["status"] == 200 and "truncated" not in request for request in seen)


def test_joined_late(cert, agent, tmp_path):
    """An agent that starts on an open connection reads the next exchanges, and says what it cannot know: the authority
    was inserted in the table before. The path is inserted now, and referred to in the third request."""
    pytest.importorskip("h2", reason="needs python3-h2")
    process, server = h2_nginx(tmp_path, cert)
    with process, Process([PYTHON, HERE / "clients" / "keep_alive_h2.py", server.port, server.cert],
                          stdin=subprocess.PIPE) as client:
        client.wait_for_line(client.out, "^200 /first$")
        running = agent()
        for count in (1, 2):
            client.write_stdin("/second\n")
            client.wait_for("answer", lambda: client.out.count("200 /second") == count)  # noqa: B023
        client.close_stdin()
        assert client.wait() == 0, client.err
        requests = running.wait_for("requests", lambda: enough(
            [event for event in running.events("request") if event["path"] == "/second"], 4))
        objects = running.wait_for("objects", lambda: enough(
            [one for one in objects_in(running.objects_dir, running=True) if one["request"].get("path") == "/second"], 4))
    assert {request["status"] for request in requests} == {200}
    assert {request["protocol"] for request in requests} == {"http2"}
    assert not any(event["path"] == "/first" for event in running.events("request"))
    for one in objects:
        assert one["request"]["unknown_fields"] > 0
        assert ":path" in one["request"]["headers"]
        assert body_of(one["response"]) == b"hello\n"


def enough(found, count):
    return found if len(found) >= count else None
