# SPDX-License-Identifier: Apache-2.0
"""Messages inside of HTTP over capture.source=feed: gRPC, WebSocket, server-sent events."""
import json

import pytest
import qtap

SSE_REQUEST = b"GET /events?token=secret HTTP/1.1\r\nHost: api.example\r\n\r\n"
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
UPGRADE = (b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
UPGRADED = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(*fields):
    """Literals without indexing (RFC 7541, 6.2.2)."""
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in fields)


def message(payload):
    return b"\0" + len(payload).to_bytes(4, "big") + payload


GRPC_ASKS = PREFACE + frame(4, 0, 0) + frame(1, 4, 1, block(
    (b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/shop.Cart/Watch"),
    (b"content-type", b"application/grpc"))) + frame(0, 1, 1, message(b"hello"))
GRPC_ANSWERS = frame(4, 0, 0) + frame(1, 4, 1, block((b":status", b"200"), (b"content-type", b"application/grpc")))
GRPC_ENDS = frame(1, 5, 1, block((b"grpc-status", b"5"), (b"grpc-message", b"no%20such")))


class Heard:
    """A fed session with everything that it said."""

    def __init__(self, **options):
        self.messages, self.transactions, self.events, self.objects = [], [], [], []
        config = {"capture.source": "feed", "worker.threads": 0, "tap.http.stack": "s",
                  "stacks.s.plugins[0].type": "report_usage", "stacks.s.plugins[1].type": "http_capture",
                  "stacks.s.plugins[1].config.level": "full", **options}
        self.session = qtap.Session(config, on_message=self.messages.append, on_transaction=self.transactions.append,
                                    on_event=self.events.append, on_object=self.objects.append)
        self.session.start()
        self.feed = self.session.feed(1_000_000_000, pid=7, exe="/usr/bin/app", role="client")

    def data(self, direction, raw, at_ms):
        self.feed.data(direction, raw, time_ns=1_000_000_000 + at_ms * 1_000_000)

    def close(self):
        self.feed.close()
        stats = self.session.stats
        self.session.close()
        return stats

    def event(self, kind):
        return [event.to_dict() for event in self.events if event["event.type"] == kind][-1]


def test_an_event_is_told_while_the_stream_is_open():
    heard = Heard()
    heard.data("sent", SSE_REQUEST, 0)
    heard.data("received", SSE_HEAD + b"event: add\nid: 9\ndata: one\n\nda", 10)
    (first,) = heard.messages
    assert not heard.transactions
    assert (first.protocol, first.message, first.direction) == ("sse", "response", "received")
    assert (first.type, first.id, first.payload, first.flags) == ("add", "9", b"one", frozenset())
    assert (first.length, first.wire_length) == (3, len("event: add\nid: 9\ndata: one\n\n"))
    assert first.transaction["http.req.url"] == "http://api.example/events?token=secret"
    assert first.transaction["http.res.status"] == 200
    assert first.connection["src.process.pid"] == 7
    heard.data("received", b"ta: two\n\n", 40)
    heard.data("received", b"data: three\n\n", 50)
    heard.close()
    (tx,) = heard.transactions
    assert tx["transaction.id"] == first.transaction["transaction.id"]
    assert first.transaction.response_body == b"" and first.transaction.get("sse.events") != 3  # it never changes
    assert (tx["sse.events"], tx["sse.first_event_us"], tx["sse.mean_gap_us"], tx["sse.max_gap_us"]) == \
        (3, 10_000, 20_000, 30_000)
    event = heard.event("request")
    assert (event["sseEvents"], event["sseFirstEventUs"], event["sseMaxGapUs"]) == (3, 10_000, 30_000)
    assert "three" not in json.dumps(event) and "secret" not in json.dumps(event)
    whole = json.loads(heard.objects[0].data)
    assert whole["sse"]["events"] == 3
    assert [one["last_us"] for one in whole["messages"]] == [10_000, 40_000, 50_000]
    assert all("three" not in json.dumps(one) for one in whole["messages"])


def test_a_grpc_call_has_its_status_and_its_counts():
    heard = Heard()
    heard.data("sent", GRPC_ASKS, 0)
    heard.data("received", GRPC_ANSWERS + frame(0, 0, 1, message(b"one") + message(b"two")), 10)
    assert [m.payload for m in heard.messages] == [b"hello", b"one", b"two"]
    assert heard.messages[0].transaction.get("http.res.status") is None
    assert heard.messages[2].transaction["http.res.status"] == 200
    assert heard.messages[0].transaction["grpc.method"] == "Watch"
    heard.data("received", GRPC_ENDS, 20)
    heard.close()
    (tx,) = heard.transactions
    fields = {"protocol": "grpc", "http.req.version": "HTTP/2", "grpc.service": "shop.Cart", "grpc.method": "Watch",
              "grpc.status": 5, "grpc.status_name": "NOT_FOUND", "grpc.message": "no such", "grpc.req.messages": 1,
              "grpc.req.bytes": 5, "grpc.res.messages": 2, "grpc.res.bytes": 6, "grpc.res.compressed": 0}
    assert {name: tx.get(name) for name in fields} == fields
    assert tx.get("sse.events") is None
    event = heard.event("request")
    assert event["protocol"] == "grpc"
    assert {name: event[name] for name in event if name.startswith("grpc")} == {
        "grpcService": "shop.Cart", "grpcMethod": "Watch", "grpcStatus": "5", "grpcStatusName": "NOT_FOUND",
        "grpcRequestMessages": 1, "grpcResponseMessages": 2, "grpcRequestBytes": 5, "grpcResponseBytes": 6}
    assert heard.event("connection")["l7Protocol"] == "grpc"
    whole = json.loads(heard.objects[0].data)
    assert whole["grpc"] == {"service": "shop.Cart", "method": "Watch", "status": 5, "status_name": "NOT_FOUND",
                             "message": "no such", "request_messages": 1, "response_messages": 2, "request_bytes": 5,
                             "response_bytes": 6}
    assert whole["request"]["protocol"] == "grpc"


def test_absent_trailers_are_a_null_status():
    heard = Heard()
    heard.data("sent", GRPC_ASKS, 0)
    heard.data("received", GRPC_ANSWERS + frame(3, 0, 1, (8).to_bytes(4, "big")), 10)  # RST_STREAM
    heard.close()
    event = heard.event("request")
    assert event["grpcStatus"] is None and "grpcStatusName" not in event
    assert event["grpcService"] == "shop.Cart"
    assert json.loads(heard.objects[0].data)["grpc"]["status"] is None
    assert heard.transactions[0].get("grpc.status") is None


def test_a_websocket_is_one_transaction_and_its_messages():
    heard = Heard()
    heard.data("sent", UPGRADE, 0)
    heard.data("received", UPGRADED + b"\x81\x05Hello", 10)
    heard.data("sent", b"\x82\x83\0\0\0\0abc\x89\x80\0\0\0\0", 20)
    heard.data("received", b"\x88\x05\x03\xe9bye", 30)
    (tx,) = heard.transactions
    told = [(m.message, m.opcode, m.close_code, m.payload) for m in heard.messages]
    assert told == [("response", 1, 0, b"Hello"), ("request", 2, 0, b"abc"), ("request", 9, 0, b""),
                    ("response", 8, 1001, b"\x03\xe9bye")]
    assert {m.transaction["transaction.id"] for m in heard.messages} == {tx["transaction.id"]}
    heard.close()
    assert len(heard.transactions) == 1 and tx["http.res.status"] == 101
    report = heard.event("connection")
    assert report["l7Protocol"] == "http1"
    assert report["websocket"] == {"messagesSent": 1, "messagesReceived": 1, "bytesSent": 3, "bytesReceived": 5,
                                   "closeCode": 1001}
    assert heard.messages[-1].connection["connection.websocket.received_messages"] == 1


def test_a_payload_is_cut_at_its_limit_and_the_limit_is_counted():
    heard = Heard(**{"capture.message_buffer": 4})
    heard.data("sent", UPGRADE, 0)
    heard.data("received", UPGRADED + b"\x81\x05Hello\x81\x04four", 10)
    stats = heard.close()
    assert [(m.payload, m.length, "truncated" in m.flags) for m in heard.messages] == [(b"Hell", 5, True),
                                                                                       (b"four", 4, False)]
    assert stats["limit_hits"] == 1


def test_counts_are_null_when_messages_may_be_missing():
    heard = Heard()
    heard.data("sent", GRPC_ASKS, 0)
    heard.data("received", GRPC_ANSWERS, 10)
    heard.feed.gap("received", 30)
    heard.data("received", GRPC_ENDS, 20)
    heard.close()
    event = heard.event("request")
    assert (event["grpcRequestMessages"], event["grpcResponseMessages"]) == (1, None)
    assert heard.transactions[0].get("grpc.res.messages") is None


def test_a_connection_that_is_ignored_tells_no_messages():
    seen = []
    with qtap.Session({"capture.source": "feed"}, on_message=seen.append,
                      on_connection=lambda conn, phase: "ignore") as session:
        feed = session.feed(1, role="client")
        feed.data("sent", UPGRADE)
        feed.data("received", UPGRADED + b"\x81\x05Hello")
        feed.close()
    assert seen == []


def test_an_exception_in_on_message_comes_out_of_the_call():
    def fail(_message):
        raise LookupError("mine")

    with qtap.Session({"capture.source": "feed"}, on_message=fail) as session:
        feed = session.feed(1, role="client")
        feed.data("sent", UPGRADE)
        with pytest.raises(LookupError, match="mine"):
            feed.data("received", UPGRADED + b"\x81\x05Hello")
