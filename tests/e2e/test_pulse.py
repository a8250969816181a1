# SPDX-License-Identifier: Apache-2.0
"""Events on their way to Pulse, of which there is no server to test with: see pulse_fake.py."""
import datetime
import time

import pytest
import qtap
from event_session import EventSession, refusal
from fault_proxy import FaultProxy
from listeners import free_port

pytest.importorskip("google.protobuf", reason="python3-protobuf is not installed")
from pulse_fake import PulseFake, messages, missing  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def pulse_messages(tmp_path_factory):
    return messages(tmp_path_factory.mktemp("proto"))


@pytest.fixture
def pulse(pulse_messages):
    with PulseFake(pulse_messages, "the-token") as fake:
        yield fake
    assert fake.wrong == []


def store(pulse, token="the-token", endpoint=None, more=""):
    return f"{{ type: pulse, endpoint: '{endpoint or pulse.url}', token: {{ type: text, value: {token} }}{more} }}"


def time_of(stamp):
    whole, fraction = stamp.rstrip("Z").split(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds), int(fraction.ljust(9, "0"))


def of_kind(pulse, kind):
    return [getattr(event, kind) for event in pulse.events if event.WhichOneof("event") == kind]


def test_every_event_comes_with_its_values(pulse, tmp_path):
    with EventSession(store(pulse), objects=f"{{ type: file, dir: {tmp_path} }}") as session:
        session.exchange("/get?x=1", request_fields=b"Authorization: Bearer abcdefghijklmnop\r\nUser-Agent: t\r\n")
        session.flush()
        assert session.stat("sink_dropped") == 0, session.log
    assert pulse.pings == 1 and not any("QT177" in line for line in session.log)
    assert len(pulse.events) == len(session.told)

    event, found = session.events("request")[0], of_kind(pulse, "request")[0]
    assert (found.timestamp.seconds, found.timestamp.nanos) == time_of(event["timestamp"])
    assert (found.id, found.connection_id, found.endpoint_id) == (event["requestId"], event["connectionId"], "api.example")
    assert (found.url, found.path, found.method, found.status) == ("https://api.example/get", "/get", "GET", 200)
    assert (found.duration, found.agent, found.direction) == (27, "t", "egress-external")
    assert (found.content_type, found.category, list(found.tags)) == ("text/plain", "text", event["tags"])
    assert (found.bytes_sent, found.bytes_received) == (event["bytesSent"], event["bytesReceived"])
    assert (found.auth_token.mask, found.auth_token.hash) == (event["authTokenMask"], event["authTokenHash"])
    assert (found.auth_token.source, found.auth_token.type) == ("Authorization", "bearer")

    event, found = session.events("connection")[-1], of_kind(pulse, "connection")[-1]
    assert (found.timestamp.seconds, found.timestamp.nanos) == time_of(event["timestamp"])
    assert (found.id, found.endpoint_id, found.part, found.finalized) \
        == (event["meta"]["connectionId"], "api.example", event["part"], True)
    assert (found.direction, found.socket_protocol, found.l7_protocol) == (4, 1, 1)
    assert {tag.key: list(tag.values) for tag in found.tags} == event["tags"]
    assert (found.source.local.address.ip, found.source.local.address.port) == ("10.0.0.1", 4000)
    assert (found.source.local.exe, found.source.local.hostname) == ("/usr/bin/curl", event["system"]["hostname"])
    assert (found.destination.remote.address.ip, found.destination.remote.address.port) == ("8.8.8.8", 443)
    assert (found.system.agent, found.system.agent_instance) == ("the test", event["system"]["agentInstance"])
    assert (found.bytes_sent, found.bytes_received) == (event["bytesSent"], event["bytesReceived"])

    event, found = session.events("artifact_record")[0], of_kind(pulse, "artifact")[0]
    assert (found.type, found.digest, found.url, list(found.tags)) == (event["type"], event["digest"], event["url"], event["tags"])
    assert {key: getattr(value, value.WhichOneof("kind")) for key, value in found.summary.fields.items()} == event["summary"]


def test_events_come_once_and_in_batches_through_every_fault_of_the_way(pulse):
    with EventSession(store(pulse)) as session:  # its Ping does not take a fault
        session.flush()
    faults = [None, "reset", 503, "hang", (429, {"Retry-After": "1"}), 500]
    with FaultProxy(pulse.port, faults) as proxy:
        with EventSession(store(pulse, endpoint=f"http://{proxy.endpoint}", more=", timeout: 1s")) as session:
            for i in range(50):
                session.exchange(f"/{i}")
            session.flush()
            assert session.stat("sink_dropped") == 0, session.log
    assert [fault for _, _, fault in proxy.requests if fault] == faults[1:]
    assert sorted(request.id for request in of_kind(pulse, "request")) == sorted(e["requestId"] for e in session.events("request"))
    assert len(of_kind(pulse, "connection")) == len(session.events("connection"))
    assert max(pulse.batches) > 10


def test_a_wrong_token_is_a_warning_at_the_start_and_then_an_error(pulse):
    with EventSession(store(pulse, token="a-wrong-one")) as session:
        session.wait_for_log("QT177")
        refused = refusal(session, ignoring="QT177")
    warnings = [line for line in session.log if "QT177" in line]
    assert warnings == ["QT177: store pulse-0: ping: Failed to send events: Access Denied (no such token: Bearer ***)"]
    assert refused == "QT171: store pulse-0: Failed to send events: Access Denied (no such token: Bearer ***); dropped and counted"
    assert pulse.events == []


def test_nobody_there_is_told(pulse):
    with EventSession(store(pulse, endpoint=f"http://127.0.0.1:{free_port()}", more=", retry: { max_attempts: 2 }")) as session:
        line = refusal(session, ignoring="QT177")
    assert "Failed to send events: POST http://127.0.0.1:" in line and "Failed to connect" in line


def test_a_ping_that_hangs_delays_neither_start_nor_end(pulse):
    pulse.answers_pings.clear()
    began = time.monotonic()
    with EventSession(store(pulse)) as session:
        session.exchange()
        session.flush()
    assert time.monotonic() - began < 10  # an attempt would take 30 s
    pulse.answers_pings.set()
    assert len(pulse.events) == len(session.told) > 0
    assert not any("QT177" in line for line in session.log)


@pytest.mark.parametrize("text, words", [
    ("{ type: pulse, token: t }", 'event_stores[0] (pulse): "endpoint" is required'),
    ("{ type: pulse, endpoint: 'https://p' }", 'event_stores[0] (pulse): "token" is required'),
    ("{ type: pulse, url: 'http://pulse.example', token: t }",
     "event_stores[0].url: http:// would show the token to the network; use https:// or set allow_insecure"),
    ("{ type: pulse, url: 'http://127.example.com', token: t }", "http:// would show the token"),
    ("{ type: pulse, endpoint: 'pulse.example', token: t }", "event_stores[0].endpoint: expected http://host or https://host")])
def test_settings_that_cannot_be_are_told(text, words):
    with pytest.raises(qtap.QtapError) as error:
        EventSession(text)
    assert words in str(error.value)


def test_plain_http_to_elsewhere_when_allowed():
    with EventSession("{ type: pulse, url: 'http://pulse.invalid', token: t, allow_insecure: true }"):
        pass
