# SPDX-License-Identifier: Apache-2.0
"""The Python package over capture.source=feed: no root, no kernel."""
import gc
import ipaddress
import struct
import threading

import pytest
import qtap
from qtap import _abi

REQUEST = b"GET /a?x=1 HTTP/1.1\r\nHost: api.example\r\nX-Two: 1\r\nx-two: 2\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def feed_session(**callbacks):
    return qtap.Session({"capture.source": "feed", "worker.threads": 0}, **callbacks)


def exchange(session, request=REQUEST, response=RESPONSE):
    feed = session.feed(1_000_000_000, pid=7, exe="/usr/bin/curl", role="client", is_tls=True,
                        local=("10.0.0.1", 4000), remote=("8.8.8.8", 443))
    feed.data("sent", request)
    feed.data("received", response, time_ns=1_002_000_000)
    feed.close()


def test_a_transaction_has_its_fields_headers_and_bodies():
    seen = []
    with feed_session(on_transaction=seen.append) as session:
        exchange(session)
    (tx,) = seen  # it outlives its session
    assert tx["http.req.method"] == "GET"
    assert tx["http.req.url"] == "https://api.example/a?x=1"
    assert tx["http.res.status"] == 200
    assert tx["dst.ip"] == ipaddress.ip_address("8.8.8.8")
    assert tx.connection["dst.port"] == 443
    assert tx.request_headers == [("Host", "api.example"), ("X-Two", "1"), ("x-two", "2")]
    assert tx.response_body == b"ok"
    assert tx.get("no.such.field") is None
    with pytest.raises(KeyError):
        tx["no.such.field"]


def test_iterating_gives_transactions_until_the_session_is_done():
    with feed_session() as session:
        iterator = iter(session)
        threading.Timer(0.2, session.stop).start()
        assert list(iterator) == []


def test_data_connections_and_events_come_by_callback():
    data, phases, events = [], [], []
    with feed_session(on_data=lambda conn, piece: data.append(piece), on_event=events.append,
                      on_connection=lambda conn, phase: phases.append(phase)) as session:
        feed = session.feed(1, role="client")
        feed.data("sent", b"abc")
        feed.gap("sent", 5)
        feed.data("sent", b"xyz")
        feed.close()
    assert [(d.direction, d.offset, d.lost_before, d.bytes) for d in data] == [
        ("sent", 0, 0, b"abc"), ("sent", 8, 5, b""), ("sent", 8, 0, b"xyz")]
    assert phases == ["open", "close"]
    assert [event.to_dict()["eventType"] for event in events] == ["connection"]


def test_a_connection_can_be_ignored():
    seen = []
    with feed_session(on_connection=lambda conn, phase: "ignore", on_transaction=seen.append) as session:
        exchange(session)
    assert seen == []


def test_an_exception_in_a_callback_comes_out_of_the_call():
    def fail(_tx):
        raise LookupError("mine")

    with feed_session(on_transaction=fail) as session:
        with pytest.raises(LookupError, match="mine"):
            exchange(session)
        assert session.stats["transactions"] == 1


def test_the_ledger_adds_up():
    with feed_session() as session:
        exchange(session)
        stats = session.stats
    assert stats["bytes_seen"] == stats["bytes_delivered"] + stats["bytes_lost"] == len(REQUEST + RESPONSE)
    assert stats["tls_bytes_decrypted"] == stats["tls_bytes_total"] == len(REQUEST + RESPONSE)


def test_errors_have_status_and_text():
    with pytest.raises(qtap.QtapError) as error:
        qtap.Config({"tap.directoin": "egress"})
    assert error.value.name == "QTAP_ERR_INVALID"
    assert 'did you mean "direction"' in error.value.text
    with pytest.raises(qtap.QtapError) as error:
        qtap.Session({"capture.source": "replay", "capture.replay_file": "/nonexistent"}).start()
    assert "/nonexistent" in error.value.text


def test_a_closed_session_refuses_use():
    session = feed_session()
    session.close()
    with pytest.raises(qtap.QtapError, match="closed"):
        session.poll(0)


def test_a_session_cannot_be_polled_from_its_callback():
    results = []

    def poll(_tx):
        try:
            session.poll(0)
        except qtap.QtapError as error:
            results.append(error.name)

    with feed_session(on_transaction=poll) as session:
        exchange(session)
    assert results == ["QTAP_ERR_BUSY"]


def test_rules_see_mappings_and_transactions():
    rule = qtap.Rule('http.res.status >= 500 and src.ip in 10.0.0.0/8')
    assert rule.matches({"http.res.status": 503, "src.ip": ipaddress.ip_address("10.1.2.3")})
    assert not rule.matches({"http.res.status": 200, "src.ip": ipaddress.ip_address("10.1.2.3")})
    assert not rule.matches({})
    with pytest.raises(qtap.RuleError) as error:
        qtap.Rule("a ==")
    assert error.value.line == 1
    seen = []
    with feed_session(on_transaction=lambda tx: seen.append(qtap.Rule("http.res.status == 200").matches(tx))) as session:
        exchange(session)
    assert seen == [True]


def test_the_tables_are_readable():
    assert any(option["key"] == "capture.body_buffer" for option in qtap.options())
    assert any(field["name"] == "http.res.status" for field in qtap.fields())
    assert qtap.version() == "0.1.0"


def test_iterators_give_what_came_since_they_were_made():
    with feed_session() as session:
        exchange(session)
        transactions, events = iter(session), session.events()
        exchange(session)
        session.stop()
        assert [tx["http.req.method"] for tx in transactions] == ["GET"]
        assert {event["event.type"] for event in events} <= {"connection", "request"}
        del transactions, events
        assert session._queues == {qtap.Transaction: [], qtap.Event: []}


def test_a_session_cannot_be_closed_from_its_callback():
    with feed_session() as session:
        session.on_transaction = lambda tx: session.close()
        with pytest.raises(qtap.QtapError, match="not from inside a callback"):
            exchange(session)
        assert session.stats["transactions"] == 1


def test_the_table_of_callbacks_survives_the_garbage_collector():
    seen = []
    with feed_session(on_transaction=seen.append) as session:
        gc.collect()
        exchange(session)
    assert len(seen) == 1


def test_values_that_a_rule_cannot_see_are_errors_of_the_host():
    rule = qtap.Rule("a == 1")
    assert qtap.Rule("a == 18446744073709551615").matches({"a": 2**64 - 1})
    with pytest.raises(OverflowError):
        rule.matches({"a": 2**64})
    with pytest.raises(TypeError):
        rule.matches({"a": object()})

    class Broken(dict):
        def __getitem__(self, name):
            raise ZeroDivisionError(name)

    with pytest.raises(ZeroDivisionError, match="a"):
        rule.matches(Broken())


def test_a_function_that_the_library_lacks_says_so_when_called(monkeypatch):
    monkeypatch.setitem(_abi.FUNCS, "qtap_from_the_future", (None, []))
    library = _abi.load(_abi.library_path())
    with pytest.raises(NotImplementedError, match="qtap_from_the_future"):
        library.qtap_from_the_future()


def test_a_library_that_cannot_be_loaded_says_what_to_do():
    with pytest.raises(ImportError, match="/no/such/libqtap.so.*QTAP_LIBRARY"):
        _abi.load("/no/such/libqtap.so")


def dns_message(number, is_answer):
    """About a name of its own, with an address of its own (RFC 1035, 4), framed for TCP."""
    name = b"".join(bytes([len(label)]) + label for label in (b"n%d" % number, b"example")) + b"\0"
    message = struct.pack(">6H", number & 0xffff, 0x8180 if is_answer else 0x0100, 1, is_answer, 0, 0)
    message += name + struct.pack(">2H", 1, 1)
    if is_answer:
        message += struct.pack(">3HIHI", 0xc00c, 1, 1, 60, 4, 0x0a000000 + number)
    return struct.pack(">H", len(message)) + message


def test_names_that_gave_way_are_counted():
    with qtap.Session({"capture.source": "feed", "worker.threads": 0}) as session:
        feed = session.feed(1_000_000_000, pid=7, role="client", remote=("10.9.9.9", 53))
        for number in range(65_536 + 7):
            assert session.stats["names_forgotten"] == 0 or number > 65_536
            feed.data("sent", dns_message(number, False))
            feed.data("received", dns_message(number, True))
        assert session.stats["names_forgotten"] == 7
        feed.close()
