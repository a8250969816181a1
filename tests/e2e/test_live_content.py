# SPDX-License-Identifier: Apache-2.0
"""What was captured is what was sent, byte by byte: large bodies, many requests on one connection."""
import random

import pytest
from harness import HERE, PYTHON, Process, body_of, curl, run_client, sha256
from http_server import pattern
from listeners import nginx

pytestmark = pytest.mark.live

MIB = 1 << 20
# Both ends of large bodies at once, on a machine that may be busy: equality is the subject here, not speed.
LARGE = ["--http-buffer-size", "16mb", "--set", "capture.ring_bytes=128mb"]
SCHEMES = pytest.mark.parametrize("server", ["python", "python-plain"], ids=["https", "http"])


@SCHEMES
def test_post_of_1_mib_is_equal_by_sha256(server, servers, agent, tmp_path):
    server = servers[server]
    payload = tmp_path / "payload"
    payload.write_bytes(random.Random(1).randbytes(MIB))
    digest = sha256(payload.read_bytes())
    running = agent(*LARGE)

    _, out = curl(server.url("/post"), "--data-binary", f"@{payload}", cert=server.cert)
    assert out.decode() == digest
    running.wait_for_requests(server.url("/post"), 2)
    _, objects = running.finish(server)

    assert len(objects) == 2
    for one in objects:
        assert one["request"]["method"] == "POST"
        assert sha256(body_of(one["request"])) == digest
        assert one["request"]["body_bytes"] == MIB
        assert body_of(one["response"]).decode() == digest
        assert "truncated" not in one


@SCHEMES
def test_get_of_10_mib_is_equal_by_sha256(server, servers, agent):
    server = servers[server]
    path = f"/bytes/{10 * MIB}"
    running = agent(*LARGE)

    _, out = curl(server.url(path), cert=server.cert)
    assert sha256(out) == sha256(pattern(10 * MIB))
    running.wait_for_requests(server.url(path), 2)
    _, objects = running.finish(server)

    assert len(objects) == 2
    for one in objects:
        assert sha256(body_of(one["response"])) == sha256(out)
        assert one["response"]["body_bytes"] == 10 * MIB
        assert "truncated" not in one


def test_get_of_10_mib_from_nginx_is_equal_by_sha256(cert, agent, tmp_path):
    process, server = nginx(tmp_path, cert)
    with process:
        content = pattern(10 * MIB)
        (tmp_path / "files" / "large").write_bytes(content)
        running = agent(*LARGE)
        curl(server.url("/files/large"), "-o", "/dev/null", cert=server.cert)
        running.wait_for_requests(server.url("/files/large"), 2)
        _, objects = running.finish(server)
    assert [sha256(body_of(one["response"])) for one in objects] == [sha256(content)] * 2


def test_a_body_above_the_buffer_is_cut_and_says_so(servers, agent):
    server = servers["python"]
    path = f"/bytes/{3 * MIB}"
    running = agent("--http-buffer-size", "1mb")
    curl(server.url(path), "-o", "/dev/null", cert=server.cert)
    running.wait_for_requests(server.url(path), 2)
    _, objects = running.finish(server)
    for one in objects:
        assert body_of(one["response"]) == pattern(MIB)
        assert one["response"]["body_bytes"] == 3 * MIB
        assert one["truncated"] is True
        assert one["response"]["missing_bytes"] == 2 * MIB
        assert one["response"]["truncated_reason"] == "body_buffer"


@SCHEMES
def test_200_requests_on_one_connection_are_paired(server, servers, agent):
    server = servers[server]
    running = agent()
    cert = server.cert or "-"
    run_client([PYTHON, HERE / "clients" / "get_http_client.py", server.url("/number/"), cert, 200])
    running.wait_for_requests(server.url("/number/199"), 2)
    requests, objects = running.finish(server)

    for direction in ("egress-internal", "ingress"):
        end = [event for event in requests if event["direction"] == direction]
        assert [event["path"] for event in end] == [f"/number/{i}" for i in range(200)]
        assert len({event["connectionId"] for event in end}) == 1
        assert len({event["requestId"] for event in end}) == 200
    assert len(objects) == 400
    for one in objects:
        number = one["request"]["path"].rpartition("/")[2]
        assert one["request"]["headers"]["X-Number"] == number
        assert one["response"]["headers"]["X-Number"] == number
        assert body_of(one["response"]).decode() == number


@SCHEMES
def test_chunked_answers_are_put_together(server, servers, agent):
    server = servers[server]
    running = agent()
    _, out = curl(server.url("/chunked/50"), cert=server.cert)
    assert out == b"".join(b"chunk %d\n" % i for i in range(50))
    running.wait_for_requests(server.url("/chunked/50"), 2)
    _, objects = running.finish(server)
    assert [body_of(one["response"]) for one in objects] == [out, out]


def test_head_and_error_statuses(servers, agent):
    server = servers["nginx"]
    running = agent()
    curl(server.url("/files/head"), "-I", cert=server.cert)
    curl(server.url("/files/missing"), cert=server.cert)
    running.wait_for_requests(server.url("/files/head"), 2)
    requests = running.wait_for_requests(server.url("/files/missing"), 2)
    assert [request["status"] for request in requests] == [404, 404]
    _, objects = running.finish(server)
    heads = [one for one in objects if one["request"]["method"] == "HEAD"]
    assert len(heads) == 2
    assert all("body" not in one["response"] and "truncated" not in one for one in heads)


@pytest.mark.parametrize("server", ["nginx", "python"])
def test_https_through_a_connect_proxy_is_read(server, servers, agent):
    server = servers[server]
    running = agent()
    with Process([PYTHON, HERE / "servers" / "connect_proxy.py"]) as proxy:
        proxy_port = proxy.wait_for_line(proxy.out, r"^port (\d+)$").group(1)
        curl(server.url("/files/tunnel"), "-x", f"http://127.0.0.1:{proxy_port}", cert=server.cert)
        requests = running.wait_for_requests(server.url("/files/tunnel"), 2)
        egress = min(requests, key=lambda request: request["direction"])
        connection = running.connection(egress["connectionId"])
    assert connection["destination"]["address"]["port"] == int(proxy_port)
    assert connection["tlsState"] == "decrypted" and "lostBytes" not in connection
    connects = running.wait_for_requests(f"http://localhost:{server.port}", 2)
    assert [request["method"] for request in connects] == ["CONNECT", "CONNECT"]
