# SPDX-License-Identifier: Apache-2.0
"""qtap.http: parsing without a session."""
import gzip
import zlib

import pytest
import qtap
from qtap import http

GET = b"GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n"
HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: 1\r\na: 2\r\n\r\nhi"


def test_a_conversation():
    parser = http.Parser()
    for i in range(len(GET)):
        parser.data(0, GET[i:i + 1], time_ns=5)
    parser.data(1, HI, time_ns=7)
    [exchange] = parser.exchanges()
    assert (exchange.request.method, exchange.request.target) == ("GET", "/a?b=1")
    assert (exchange.response.status, exchange.response.body, exchange.response.complete) == (200, b"hi", True)
    assert exchange.response.headers == [("Content-Length", "2"), ("A", "1"), ("a", "2")]
    assert exchange.request.header("host") == "x" and exchange.request.header("none") is None
    assert (exchange.request.start_ns, exchange.response.end_ns) == (5, 7)
    assert parser.stats == ("http1", 0, 1, 0, 0)
    assert list(parser.exchanges()) == []


def test_errors_say_where():
    parser = http.Parser("http1", client=0)
    parser.data(0, b"GET / HTTP/1.1\r\nbad name: 1\r\n\r\n")
    assert [(error.direction, error.offset) for error in parser.errors] == [(0, 25)]


def test_a_gap_in_a_body_and_an_end():
    parser = http.Parser(client=0)
    parser.data(0, GET)
    parser.data(1, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    parser.gap(1, 4)
    parser.data(1, b"hij")
    [exchange] = parser.exchanges()
    assert exchange.response.body == b"abchij" and exchange.response.missing_bytes == 4
    assert exchange.response.truncation == "loss" and exchange.response.complete
    parser.data(0, GET)
    parser.end()
    [unanswered] = parser.exchanges()
    assert not unanswered.response.seen and unanswered.response.status is None
    with pytest.raises(qtap.QtapError):
        parser.data(0, GET)


def test_callbacks_and_what_they_raise():
    told = []
    parser = http.Parser(on_request=lambda m: told.append(m.target), on_response=lambda m: told.append(m.status),
                         on_body=lambda *piece: told.append(piece), keep_bodies=False)
    parser.data(0, GET)
    parser.data(1, HI)
    assert told == ["/a?b=1", 200, ("response", 0, b"hi")]

    def broken(_message):
        raise KeyError("mine")
    parser = http.Parser(on_request=broken)
    with pytest.raises(KeyError, match="mine"):
        parser.data(0, GET)


def test_http2_between_python_peers():
    h2 = pytest.importorskip("h2.connection")
    from h2.config import H2Configuration
    client = h2.H2Connection(H2Configuration(client_side=True))
    server = h2.H2Connection(H2Configuration(client_side=False))
    parser, body = http.Parser(), gzip.compress(b"x" * 5000)
    client.initiate_connection()
    server.initiate_connection()
    head = [(":method", "GET"), (":path", "/q?x=1"), (":scheme", "https"), (":authority", "a")]
    client.send_headers(1, head, end_stream=True)
    out = client.data_to_send()
    parser.data(0, out)
    server.receive_data(out)
    server.send_headers(1, [(":status", "200"), ("content-encoding", "gzip")])
    server.send_data(1, body, end_stream=True)
    parser.data(1, server.data_to_send())
    [exchange] = parser.exchanges()
    assert parser.stats.protocol == "http2"
    assert (exchange.request.target, exchange.response.status, exchange.response.version) == ("/q?x=1", 200, (2, 0))
    assert http.decode(exchange.response.body, exchange.response.header("content-encoding")).data == b"x" * 5000


def test_content_codings():
    text = b"hello " * 100
    assert http.decode(gzip.compress(text), "gzip") == (text, "decoded")
    assert http.decode(zlib.compress(text), "deflate") == (text, "decoded")
    assert http.decode(gzip.compress(zlib.compress(text)), "deflate, gzip") == (text, "decoded")
    assert http.decode(gzip.compress(text)[:-9], "gzip").state == "truncated"
    assert http.decode(gzip.compress(b"0" * 10_000_000), "gzip", max_output_bytes=1000).state == "limit"
    with pytest.raises(qtap.QtapError, match="compress"):
        http.decode(b"", "compress")


def test_media_types():
    one = http.MediaType('Text/HTML; Charset="utf-8"; a=b')
    assert (one.type, one.subtype, one.suffix, one.fault) == ("text", "html", "", "")
    assert one.parameters == [("charset", "utf-8"), ("a", "b")] and one.charset == "utf-8"
    assert http.MediaType("application/problem+json").suffix == "json"
    assert http.MediaType("text").fault == "no_subtype" and http.MediaType("text/plain").charset is None
