# SPDX-License-Identifier: Apache-2.0
"""Bodies with a content coding, through a whole session: HTTP/1 and HTTP/2, whole and damaged."""
import base64
import gzip
import json
import resource
import zlib

import pytest
import qtap

TEXT = b'{"message":"' + b"what the server said, " * 40 + b'"}'
BOMB = gzip.compress(bytes(10 << 20))


def session_with(config=None, **callbacks):
    return qtap.Session({"capture.source": "feed", "worker.threads": 0, **(config or {})}, **callbacks)


def open_feed(session):
    return session.feed(1_000_000_000, pid=7, exe="/usr/bin/curl", role="client", is_tls=True,
                        remote=("8.8.8.8", 443))


def http1(session, body, coding="gzip", fields=""):
    feed = open_feed(session)
    feed.data("sent", b"GET /a HTTP/1.1\r\nHost: api.example\r\n\r\n")
    feed.data("received", f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nContent-Encoding: {coding}\r\n{fields}"
                          "\r\n".encode() + body)
    feed.close()


def http2(session, bodies):
    """One stream for each (coding, body), all of them open at once; the bodies in turns of 50 bytes."""
    h2 = pytest.importorskip("h2.connection", reason="h2 (python3-h2) is not installed")
    config = pytest.importorskip("h2.config")
    client = h2.H2Connection(config.H2Configuration(client_side=True))
    server = h2.H2Connection(config.H2Configuration(client_side=False))
    client.initiate_connection()
    server.initiate_connection()
    feed = open_feed(session)

    def pass_on():
        for sender, receiver, direction in ((client, server, "sent"), (server, client, "received")):
            while data := sender.data_to_send(1000):
                feed.data(direction, data)
                receiver.receive_data(data)

    streams = {}
    for coding, body in bodies:
        stream = client.get_next_available_stream_id()
        client.send_headers(stream, [(":method", "GET"), (":scheme", "https"), (":authority", "api.example"),
                                     (":path", f"/{coding}?x=1")], end_stream=True)
        pass_on()
        server.send_headers(stream, [(":status", "200"), ("content-encoding", coding)])
        streams[stream] = body
    while streams:
        for stream in list(streams):
            server.send_data(stream, streams[stream][:50], end_stream=len(streams[stream]) <= 50)
            streams[stream] = streams[stream][50:]
            if not streams[stream]:
                del streams[stream]
        pass_on()
    feed.close()


@pytest.mark.parametrize("coding, encode", [
    ("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", lambda text: zlib.compress(text)[2:-4]),
    ("deflate, gzip", lambda text: gzip.compress(zlib.compress(text)))], ids=["gzip", "zlib", "raw", "stacked"])
def test_a_transaction_gives_the_text_and_the_bytes_as_sent(coding, encode):
    seen = []
    with session_with(on_transaction=seen.append) as session:
        http1(session, encode(TEXT), coding)
        assert session.stats["bodies_decoded"] == 0  # nobody has asked
    (tx,) = seen  # it outlives its session
    assert tx.response_body == encode(TEXT)
    assert tx.decoded_body() == qtap.DecodedBody(TEXT, "complete")
    assert tx.decoded_body("request") == qtap.DecodedBody(b"", "none")
    assert tx["http.res.content_encoding"] == coding
    assert tx["http.res.decode_state"] == "complete"


def test_streams_of_http2_are_decoded_and_an_unknown_coding_harms_only_itself():
    seen = []
    bodies = [("gzip", gzip.compress(TEXT)), ("deflate", zlib.compress(TEXT)), ("exi", b"\x01" * 300),
              ("identity", TEXT)]
    with session_with(on_transaction=seen.append) as session:
        http2(session, bodies)
    by_path = {tx["http.req.path"]: tx for tx in seen}
    assert {path: (tx["protocol"], tx.get("http.res.truncated_reason")) for path, tx in by_path.items()} == {
        f"/{coding}?x=1": ("http2", None) for coding, _ in bodies}
    for coding, body in bodies:
        assert by_path[f"/{coding}?x=1"].response_body == body
    assert by_path["/gzip?x=1"].decoded_body() == qtap.DecodedBody(TEXT, "complete")
    assert by_path["/deflate?x=1"].decoded_body() == qtap.DecodedBody(TEXT, "complete")
    assert by_path["/identity?x=1"].decoded_body() == qtap.DecodedBody(TEXT, "none")
    assert by_path["/exi?x=1"].decoded_body() == qtap.DecodedBody(b"", "unsupported")


def test_rules_see_the_text():
    rule = qtap.Rule('http.res.body contains "server said" and http.res.charset == "utf-8"')
    seen = []
    with session_with(on_transaction=lambda tx: seen.append(rule.matches(tx))) as session:
        http1(session, gzip.compress(TEXT), fields="Content-Type: application/json; charset=utf-8\r\n")
        http1(session, gzip.compress(b"{}"), fields="Content-Type: application/json; charset=utf-8\r\n")
        assert session.stats["bodies_decoded"] == 2
    assert seen == [True, False]


def test_a_bomb_ends_at_the_limit_and_is_counted():
    results = []
    with session_with({"limits.decoded_bytes": "100kb"}, on_transaction=lambda tx: results.append(tx.decoded_body())) as session:
        http1(session, BOMB)
        stats = session.stats
    assert [(len(body.bytes), body.state) for body in results] == [(100 << 10, "limit")]
    assert (stats["bodies_decoded"], stats["decode_limit_hits"], stats["decode_errors"]) == (1, 1, 0)


def test_a_bomb_ends_at_its_ratio():
    results = []
    with session_with({"limits.decode_ratio": 200}, on_transaction=lambda tx: results.append(tx)) as session:
        http1(session, BOMB)
        (tx,) = results
        assert len(tx.decoded_body().bytes) == (1 << 20) + (64 << 10)  # the floor, and one block
        assert tx["http.res.decode_error"].startswith("gzip: output is too long for its input")
        assert session.stats["decode_limit_hits"] == 1


def test_damage_a_cut_and_a_gap_are_told_apart():
    seen = []
    body = gzip.compress(TEXT * 50)
    with session_with({"capture.body_buffer": "100b"}, on_transaction=seen.append) as session:
        http1(session, body)
    with session_with(on_transaction=seen.append) as session:
        http1(session, body[:-6] + b"\xff" + body[-5:])
        feed = open_feed(session)
        feed.data("sent", b"GET /a HTTP/1.1\r\nHost: api.example\r\n\r\n")
        feed.data("received", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Encoding: gzip\r\n\r\n" % len(body)
                  + body[:100])
        feed.gap("received", 20)
        feed.data("received", body[120:])
        feed.close()
        assert session.stats["decode_errors"] == 0
        states = [tx.decoded_body() for tx in seen]
        assert session.stats["decode_errors"] == 2
    assert [body.state for body in states] == ["truncated", "corrupt", "gap"]
    assert 0 < len(states[0].bytes) < len(TEXT * 50) and (TEXT * 50).startswith(states[0].bytes)
    assert states[1].bytes == TEXT * 50
    assert (TEXT * 50).startswith(states[2].bytes)


@pytest.mark.parametrize("decodes", [False, True])
def test_objects_hold_what_was_sent_unless_they_are_to_be_decoded(decodes, tmp_path):
    sent = gzip.compress(TEXT)
    with session_with({"services.object_stores[0].type": "file", "services.object_stores[0].dir": str(tmp_path),
                       "tap.http.stack": "main", "stacks.main.plugins[0].type": "http_capture",
                       "stacks.main.plugins[0].config.level": "full",
                       "stacks.main.plugins[0].config.decode_body": str(decodes).lower()}) as session:
        http1(session, sent)
        assert session.stats["bodies_decoded"] == int(decodes)
    (stored,) = [json.loads(file.read_text()) for file in tmp_path.rglob("*") if file.is_file()]
    response = stored["response"]
    assert base64.b64decode(response["body"]) == (TEXT if decodes else sent)
    assert response.get("body_encoding") == ("decoded" if decodes else None)
    assert response["body_bytes"] == len(sent)


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def test_what_the_stack_decoded_is_gone_when_the_stack_is_done(tmp_path):
    """Transactions that somebody keeps do not keep the text that a plugin asked for: 40 times 2 MiB here."""
    kept = []
    body = gzip.compress(bytes(2 << 20), 1)
    with session_with({"services.object_stores[0].type": "file", "services.object_stores[0].dir": str(tmp_path),
                       "tap.http.stack": "main", "stacks.main.plugins[0].type": "http_capture",
                       "stacks.main.plugins[0].config.level": "full", "limits.decode_ratio": 1000,
                       "stacks.main.plugins[0].config.decode_body": "true"}, on_transaction=kept.append) as session:
        for _ in range(4):  # what the first ones need stays
            http1(session, body)
            session.flush()
        before = resident_bytes()
        for _ in range(40):
            http1(session, body)
            session.flush()
        grown = resident_bytes() - before
        assert session.stats["bodies_decoded"] == len(kept) == 44
    assert grown < 40 << 20, f"{grown >> 20} MiB more"
