# SPDX-License-Identifier: Apache-2.0
"""Each client against each server: both ends seen, with the right process, addresses, direction and content."""
import itertools
import os
import subprocess

import pytest
from harness import HERE, PYTHON, Process, body_of, curl, run_client

pytestmark = pytest.mark.live

PYTHON_EXE = os.path.realpath(PYTHON)
paths = (f"/e2e/path{i}" for i in itertools.count())


def use_curl(server, path):
    return curl(server.url(path), cert=server.cert), "/usr/bin/curl"


def use_urllib(server, path):
    cert = [server.cert] if server.cert else []
    return run_client([PYTHON, HERE / "clients" / "get_urllib.py", server.url(path), *cert]), PYTHON_EXE


def use_http_client(server, path):
    cert = [server.cert] if server.cert else []
    return run_client([PYTHON, HERE / "clients" / "get_http_client.py", server.url(path), *cert]), PYTHON_EXE


def use_s_client(server, path):
    # -no_ign_eof: it ends when its stdin does, since s_server waits for the client to go first.
    argv = ["/usr/bin/openssl", "s_client", "-quiet", "-no_ign_eof", "-verify_quiet", "-servername", "localhost",
            "-CAfile", server.cert, "-connect", f"localhost:{server.port}"]
    with Process(argv, stdin=subprocess.PIPE) as process:
        process.write_stdin(f"GET {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n")
        process.wait_for_line(process.out, "^hello$")
        process.close_stdin()
        assert process.wait() == 0, process.err
    return (process.pid, b"hello\n"), "/usr/bin/openssl"


CLIENTS = {"curl": use_curl, "urllib": use_urllib, "http.client": use_http_client, "s_client": use_s_client}
TLS_SERVERS = ["nginx", "s_server", "python"]
PLAIN_SERVERS = ["nginx-plain", "python-plain"]
PAIRS = [(client, server) for server in TLS_SERVERS for client in CLIENTS]
PAIRS += [(client, server) for server in PLAIN_SERVERS for client in CLIENTS if client != "s_client"]


@pytest.mark.parametrize(("client", "server"), PAIRS, ids=lambda name: name)
def test_both_ends_are_seen(client, server, servers, shared_agent):
    server = servers[server]
    path = next(paths)
    (client_pid, body), client_exe = CLIENTS[client](server, path)

    requests = shared_agent.wait_for_requests(server.url(path), 2)
    assert sorted(request["direction"] for request in requests) == ["egress-internal", "ingress"]
    egress, ingress = sorted(requests, key=lambda request: request["direction"])
    for request in requests:
        assert request["method"] == "GET"
        assert request["status"] == 200
        assert request["url"] == server.url(path)
        assert request["protocol"] == "http1"
        assert "truncated" not in request
        assert request["durationUs"] >= request["ttfbUs"] > 0

    ours = shared_agent.connection(egress["connectionId"])
    theirs = shared_agent.connection(ingress["connectionId"])
    assert (ours["source"]["exe"], ours["source"]["pid"]) == (client_exe, client_pid)
    assert (theirs["destination"]["exe"], theirs["destination"]["pid"]) == (server.exe, server.pid)
    for connection in (ours, theirs):
        assert connection["finalized"] and connection["closedAt"] >= connection["createdAt"]
        assert connection["socketProtocol"] == "tcp" and connection["l7Protocol"] == "http1"
        assert connection["destination"]["address"] == {"family": "ipv4", "ip": "127.0.0.1", "port": server.port}
        assert connection["bytesSent"] > 0 and connection["bytesReceived"] > 0
        assert "lostBytes" not in connection
        if server.scheme == "https":
            assert connection["tlsState"] == "decrypted"
            assert connection["tlsVersion"] == server.tls_version
            assert connection["tls"]["sni"] == "localhost"
            # s_client never calls for a handshake: it writes, and OpenSSL begins one by itself.
            if (client, connection) != ("s_client", ours):
                assert 0 < connection["tlsHandshakeUs"] < 30_000_000
            assert connection["meta"]["tlsProbeIntrospected"] is True
            assert connection["meta"]["tlsProbeTypesDetected"] == ["openssl"]
        else:
            assert not {"tlsState", "tlsVersion", "tlsHandshakeUs"} & connection.keys()
    # Two ends of one conversation.
    assert ours["source"]["address"] == theirs["source"]["address"]
    for sent, received in ((ours["bytesSent"], theirs["bytesReceived"]), (theirs["bytesSent"], ours["bytesReceived"])):
        # Who closes first does not read the other's close_notify: one TLS record of 31 (TLS 1.2) or 24 bytes.
        assert sent - received in ({0, 24, 31} if server.scheme == "https" else {0})

    objects = shared_agent.wait_for_objects(server.url(path), 2)
    assert len(objects) == 2
    for one in objects:
        assert one["response"]["status"] == 200
        assert body_of(one["response"]) == body


@pytest.mark.parametrize("name", ["python", "python-plain"])
def test_an_object_counts_at_least_the_bytes_of_its_body(name, servers, shared_agent):
    """Of TLS the socket's bytes are counted in the kernel: the count must not come later than the text."""
    server = servers[name]
    path = "/bytes/100000"
    curl(server.url(path), "-o", "/dev/null", cert=server.cert)
    requests = shared_agent.wait_for_requests(server.url(path), 2)
    objects = {one["metadata"]["request_id"]: one for one in shared_agent.wait_for_objects(server.url(path), 2)}
    assert sorted(request["direction"] for request in requests) == ["egress-internal", "ingress"]
    for request in requests:
        counted = "bytes_sent" if request["direction"] == "ingress" else "bytes_received"
        assert objects[request["requestId"]]["metadata"][counted] > 100000


def test_wget_is_seen_as_tls_that_is_not_decrypted(servers, shared_agent):
    """wget uses GnuTLS: its connection is told as such; the server's end (OpenSSL) is decrypted all the same."""
    server = servers["python"]
    path = next(paths)
    pid, body = run_client(["/usr/bin/wget", "-q", "-O", "-", "--no-proxy", f"--ca-certificate={server.cert}",
                            server.url(path)])
    assert body == b"hello\n"
    (request,) = shared_agent.wait_for_requests(server.url(path), 1)
    assert request["direction"] == "ingress"

    def of_wget():
        return [event for event in shared_agent.events("connection")
                if event["finalized"] and event["source"].get("pid") == pid]

    (connection,) = shared_agent.wait_for("connection of wget", of_wget)
    assert connection["source"]["exe"] == "/usr/bin/wget"
    assert connection["direction"] == "egress-internal"
    assert connection["tlsVersion"] == 772
    assert connection["tls"]["sni"] == "localhost"
    assert connection["tlsState"] == "no_library"
    assert connection["meta"]["tlsProbeIntrospected"] is False
    assert connection["bytesSent"] > 0 and connection["bytesReceived"] > 0


def test_a_program_that_goes_around_the_public_functions(servers, shared_agent):
    """s_server -www uses libssl through BIO_f_ssl, which calls the workers of SSL_read and SSL_write (decision 0004)."""
    workers = "workers" in shared_agent.ready
    server = servers["s_server -www"]
    path = next(paths)
    curl(server.url(path), "-o", "/dev/null", cert=server.cert)
    requests = shared_agent.wait_for_requests(server.url(path), 2 if workers else 1)
    assert sorted(request["direction"] for request in requests) == ["egress-internal", "ingress"][:len(requests)]
    assert {request["status"] for request in requests} == {200}

    def of_server():
        return [event for event in shared_agent.events("connection")
                if event["finalized"] and event["destination"].get("pid") == server.pid]

    (connection,) = shared_agent.wait_for("connection of s_server", of_server)
    assert connection["direction"] == "ingress"
    assert connection["tls"]["sni"] == "localhost"
    assert connection["tlsState"] == ("decrypted" if workers else "never_hit")
    assert connection["meta"]["tlsProbeIntrospected"] is workers
    assert connection["bytesSent"] > 0 and connection["bytesReceived"] > 0


def test_events_hold_facts_and_no_content(servers, shared_agent):
    """Last of the module: all that was captured by the tests above."""
    for server in servers.values():
        requests, objects = shared_agent.finish(server)
        assert {event["requestId"] for event in requests} == {one["metadata"]["request_id"] for one in objects}
    # The answers' bodies are in objects only.
    assert "hello" not in "".join(shared_agent.out)
