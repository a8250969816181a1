# SPDX-License-Identifier: Apache-2.0
"""Events on their way into a store: counts and contents on both sides, and what happens when it is not as it should be."""
import json
import os
import sys

import pytest
import qtap
from axiom_fake import AxiomFake
from clickhouse import PASSWORD, USER, NewClickHouse
from event_session import EventSession, refusal
from fault_proxy import FaultProxy
from listeners import free_port


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_has_every_event_once_over_its_rotations_and_the_moves_of_others(tmp_path):
    path = tmp_path / "logs" / "events.jsonl"
    with EventSession(f"{{ type: file, path: {path}, rotate_bytes: 20kb, rotate_keep: 100, fsync: always }}") as session:
        for i in range(50):
            session.exchange(f"/{i}")
        session.flush()
        os.rename(path, path.with_suffix(".moved"))
        for i in range(50, 60):
            session.exchange(f"/{i}")
        session.flush()
        assert session.stat("sink_dropped") == 0
    found = [event for file in path.parent.iterdir() for event in lines(file)]
    assert len(session.told) == len(found) > 100
    assert sorted(map(str, found)) == sorted(map(str, session.told))
    assert all(file.stat().st_size <= 20 << 10 and file.stat().st_mode & 0o777 == 0o600 for file in path.parent.iterdir())
    assert len(list(path.parent.iterdir())) > 3


def test_a_file_that_cannot_be_made_is_told_at_start(tmp_path):
    with pytest.raises(qtap.QtapError) as error:
        EventSession("{ type: file, path: /proc/events/e.jsonl }")
    assert str(error.value).startswith("QT095: make directory /proc/events: ")
    with pytest.raises(qtap.QtapError) as error:
        EventSession(f"{{ type: file, path: {tmp_path} }}")
    assert f"QT095: open event file {tmp_path}: Is a directory" in str(error.value)


@pytest.fixture
def axiom():
    with AxiomFake("xaat-token", "qtap-events") as fake:
        yield fake
    assert fake.wrong == []


@pytest.fixture
def new_clickhouse(tmp_path):
    if NewClickHouse.missing():
        pytest.skip(NewClickHouse.missing())
    with NewClickHouse(tmp_path) as running:
        yield running


@pytest.fixture
def otlp():
    pytest.importorskip("opentelemetry.proto.collector.logs.v1", reason="python3-opentelemetry-proto is not installed")
    from otlp_receiver import OtlpReceiver
    with OtlpReceiver() as running:
        yield running
    assert running.wrong == []


@pytest.fixture
def pulse(tmp_path):
    pytest.importorskip("google.protobuf", reason="python3-protobuf is not installed")
    from pulse_fake import PulseFake, messages, missing
    if missing():
        pytest.skip(missing())
    with PulseFake(sys.modules.get("pulse_pb2") or messages(tmp_path), "t") as running:
        yield running
    assert running.wrong == []


def axiom_store(axiom, token="xaat-token", dataset=None, url=None, more=""):
    dataset = f", dataset: {dataset}" if dataset else ""
    return f"{{ type: axiom, url: '{url or axiom.url}', token: {{ type: text, value: {token} }}{dataset}{more} }}"


def test_axiom_gets_every_event_once_in_batches(axiom):
    with EventSession(axiom_store(axiom, more=", batch: { max_events: 100 }")) as session:
        for i in range(100):
            session.exchange(f"/{i}")
        session.flush()
        assert session.stat("sink_dropped") == 0
    assert axiom.events == session.told
    assert axiom.requests <= -(-len(session.told) // 100) + 2


FAULTS = ["reset", 503, "hang", (429, {"Retry-After": "1"}), 500]


def test_axiom_gets_everything_through_every_fault_of_the_way(axiom):
    with FaultProxy(axiom.port, FAULTS) as proxy:
        with EventSession(axiom_store(axiom, url=f"http://{proxy.endpoint}", more=", timeout: 1s")) as session:
            for i in range(30):
                session.exchange(f"/{i}")
            session.flush()
            assert session.stat("sink_dropped") == 0
    assert [fault for _, _, fault in proxy.requests if fault] == FAULTS
    assert axiom.events == session.told


def test_what_axiom_refuses_is_told_once_without_the_token(axiom):
    with EventSession(axiom_store(axiom, token="wrong-token")) as session:
        line = refusal(session)
    assert line == "QT171: store axiom-0: Failed to send events: Access Denied (forbidden); dropped and counted"
    with EventSession(axiom_store(axiom, dataset="another")) as session:
        line = refusal(session)
    assert line == "QT171: store axiom-0: Failed to send events: Not found (dataset not found); dropped and counted"
    assert axiom.events == []


def test_events_that_axiom_refuses_one_by_one_are_counted(axiom):
    axiom.fail = 3
    with EventSession(axiom_store(axiom)) as session:
        for i in range(20):
            session.exchange(f"/{i}")
        session.flush()
        assert session.stat("sink_dropped") == 3
    assert len(axiom.events) == len(session.told) - 3
    assert any("field limit" in line for line in session.log)


def test_nobody_there_is_told_and_closing_does_not_wait(axiom):
    with EventSession(axiom_store(axiom, url=f"http://127.0.0.1:{free_port()}", more=", retry: { max_attempts: 2 }")) as session:
        line = refusal(session)
    assert "store axiom-0: Failed to send events: POST http://127.0.0.1:" in line and "Failed to connect" in line


def test_certificates_are_checked(cert):
    with AxiomFake("t", "qtap-events", cert=cert) as fake:
        for more, is_taken in [(f", tls: {{ ca_file: {cert.cert} }}", True), ("", False),
                               (", tls: { insecure_skip_verify: true }", True)]:
            fake.events.clear()
            with EventSession(axiom_store(fake, token="t", more=more + ", retry: { max_attempts: 1 }")) as session:
                session.exchange()
                session.flush()
                assert (session.stat("sink_dropped") == 0) == is_taken, session.log
            assert (fake.events == session.told) == is_taken
            assert any("QT166" in line for line in session.log) == ("skip" in more)


@pytest.mark.parametrize("store, words", [
    ("{ type: axiom }", 'event_stores[0] (axiom): "token" is required'),
    ("{ type: axiom, token: t, url: 'ftp://x' }", "event_stores[0].url: expected http://host or https://host"),
    ("{ type: axiom, token: t, url: 'http://user:pass@x' }", "event_stores[0].url: expected http://host or https://host"),
    ("{ type: axiom, token: { type: env, value: NO_SUCH_VARIABLE } }", "environment variable NO_SUCH_VARIABLE is not set"),
    ("{ type: clickhouse, endpoint: '127.0.0.1:8123' }", "event_stores[0].endpoint: expected http://host or https://host"),
    ("{ type: clickhouse, table_prefix: 'a`b' }", "event_stores[0].table_prefix: expected letters, digits and _"),
    ("{ type: otel, protocol: grpcs }", 'event_stores[0].protocol: "grpcs" is not one of grpc, http, stdout'),
    ("{ type: otel, endpoint: 'http://h/path' }", "store otel-0: endpoint: expected host:port or a URL, for gRPC without a path"),
    ("{ type: otel, endpoint: 'user:pass@h' }", "store otel-0: endpoint: expected host:port or a URL"),
    ("{ type: otel, endpoint: '${NO_SUCH_VARIABLE}:1' }", "event_stores[0].endpoint: environment variable NO_SUCH_VARIABLE is not set"),
    ("{ type: otel, headers: { a: 'x ${NO_SUCH_VARIABLE}' } }", "event_stores[0].headers.a: environment variable NO_SUCH_VARIABLE is"),
    ("{ type: otel, headers: { 'a b': x } }", 'event_stores[0].headers: "a b" is no name'),
    ("{ type: stdout, timeout: 1s }", 'unknown key "timeout" in event_stores[0] (stdout)')])
def test_settings_that_cannot_be_are_told(store, words):
    with pytest.raises(qtap.QtapError) as error:
        EventSession(store)
    assert words in str(error.value) and "pass" not in str(error.value)


def test_all_kinds_at_once_have_the_same_events(axiom, new_clickhouse, otlp, pulse, tmp_path):
    """One of them is asked through a proxy that fails: that delays no other and none misses anything."""
    path = tmp_path / "events.jsonl"
    with FaultProxy(pulse.port, [None, 503, "reset", 503]) as proxy, EventSession(
            f"{{ type: file, path: {path} }}",
            f"{{ type: clickhouse, endpoint: '{new_clickhouse.endpoint}', database: default, username: {USER}, "
            f"password: '{PASSWORD}', create_tables: true, table_prefix: all_ }}",
            f"{{ type: otel, endpoint: '127.0.0.1:{otlp.grpc_port}' }}", axiom_store(axiom),
            f"{{ type: pulse, endpoint: 'http://{proxy.endpoint}', token: t }}") as session:
        for i in range(200):
            session.exchange(f"/{i}", status=200 + i)
        session.flush()
        assert session.stat("sink_dropped") == 0, session.log
        assert session.stat("sink_sent") == 5 * len(session.told)
    assert len(session.told) >= 400
    assert lines(path) == session.told == axiom.events
    assert sorted(str(record["attributes"]["connectionId"]) for record in otlp.records if "connectionId" in record["attributes"]) \
        == sorted(event["connectionId"] for event in session.told if "connectionId" in event)
    assert len(otlp.records) == len(pulse.events) == len(session.told)
    statuses = {event["requestId"]: event["status"] for event in session.events("request")}
    rows = new_clickhouse.query("SELECT request_id, status FROM all_request")
    assert {row["request_id"]: row["status"] for row in rows} == statuses and len(rows) == 200
    assert {event.request.id: event.request.status for event in pulse.events if event.HasField("request")} == statuses
    assert new_clickhouse.query("SELECT count() AS n FROM all_connection")[0]["n"] == len(session.events("connection"))
