# SPDX-License-Identifier: Apache-2.0
"""Events as OpenTelemetry's logs, over gRPC and HTTP, read by opentelemetry's own definitions."""
import json

import pytest
from event_session import EventSession, refusal
from fault_proxy import FaultProxy
from listeners import free_port

grpc = pytest.importorskip("grpc", reason="python3-grpcio is not installed")
pytest.importorskip("opentelemetry.proto.collector.logs.v1", reason="python3-opentelemetry-proto is not installed")
from google.protobuf import json_format  # noqa: E402
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2  # noqa: E402
from otlp_receiver import OtlpReceiver, map_of  # noqa: E402

TOKEN = "Bearer xyz-secret"


@pytest.fixture
def receiver():
    with OtlpReceiver(TOKEN) as running:
        yield running
    assert running.wrong == []


def store(receiver, protocol, token=TOKEN, port=None, more=""):
    port = port or (receiver.grpc_port if protocol == "grpc" else receiver.http_port)
    return (f"{{ type: otel, protocol: {protocol}, endpoint: '127.0.0.1:{port}', "
            f"headers: {{ Authorization: {{ type: text, value: '{token}' }} }}{more} }}")


def flat(event):
    """A map as the attributes are to be: names with dots, without null and empty; lists stay."""
    def walk(prefix, members):
        for key, value in members.items():
            if isinstance(value, dict):
                yield from walk(f"{prefix}{key}.", value)
            elif value not in (None, "", []):
                yield prefix + key, value
    made = dict(walk("", event))
    made["event.type"] = made.pop("eventType")
    return made


PROTOCOLS = pytest.mark.parametrize("protocol", ["grpc", "http"])


@PROTOCOLS
def test_every_event_is_a_record_with_all_that_it_says(receiver, protocol, tmp_path):
    with EventSession(store(receiver, protocol, more=", service_name: shop, environment: test"),
                      objects=f"{{ type: file, dir: {tmp_path} }}") as session:
        for i in range(100):
            session.exchange(f"/{i}?q=secret", status=404)
        session.flush()
        assert session.stat("sink_dropped") == 0, session.log
    assert sorted(json.dumps(record["attributes"], sort_keys=True) for record in receiver.records) \
        == sorted(json.dumps(flat(event), sort_keys=True) for event in session.told)
    assert {record["severity"] for record in receiver.records} == {"INFO"}
    resource = receiver.resources[0]
    assert resource["service.name"] == "shop" and resource["deployment.environment"] == "test"
    system = session.events("connection")[0]["system"]
    assert (resource["host.name"], resource["service.instance.id"]) == (system["hostname"], system["agentInstance"])
    assert all(one == resource for one in receiver.resources)
    bodies = {record["attributes"]["event.type"]: record["body"] for record in receiver.records}
    assert bodies["request"] == "GET api.example/99 -> 404 in 27 ms"
    assert bodies["connection"].startswith("curl -> api.example (http1, egress-external): ")
    assert bodies["artifact_record"].startswith("Artifact: http_transaction (application/json, ")
    assert receiver.requests < 20  # batches


def test_events_come_over_tls(cert):
    with OtlpReceiver(cert=cert) as receiver:
        for protocol, port in (("grpc", receiver.grpc_port), ("http", receiver.http_port)):
            receiver.records.clear()
            for endpoint, more, is_taken in [(f"https://localhost:{port}", f"ca_file: {cert.cert}", True),
                                             (f"localhost:{port}", f"enabled: true, ca_file: {cert.cert}", True),
                                             (f"https://localhost:{port}", "insecure_skip_verify: true", True),
                                             (f"https://localhost:{port}", "", False)]:
                with EventSession(f"{{ type: otel, protocol: {protocol}, otel_endpoint: '{endpoint}', tls: {{ {more} }}, "
                                  "retry: { max_attempts: 1 } }") as session:
                    session.exchange()
                    session.flush()
                    assert (session.stat("sink_dropped") == 0) == is_taken, session.log
        assert receiver.wrong == []


def test_grpc_codes_that_may_be_tried_again_are(receiver):
    code = grpc.StatusCode
    receiver.fail((code.UNAVAILABLE, "later", None), (code.RESOURCE_EXHAUSTED, "slowly", 1), (code.ABORTED, "x", None),
                  (code.DEADLINE_EXCEEDED, "", None), (code.CANCELLED, "", None))
    with EventSession(store(receiver, "grpc")) as session:
        for i in range(20):
            session.exchange(f"/{i}")
        session.flush()
        assert session.stat("sink_dropped") == 0, session.log
        assert session.stat("sink_retries") > 0
    assert len(receiver.records) == len(session.told)


def test_a_grpc_call_that_hangs_is_given_up_and_tried_again(receiver):
    receiver.fail(("hang",), ("hang",))
    with EventSession(store(receiver, "grpc", more=", timeout: 500ms")) as session:
        session.exchange()
        session.flush()
        assert session.stat("sink_dropped") == 0, session.log
        assert session.stat("sink_retries") > 0
    assert len(receiver.records) == len(session.told)


@pytest.mark.parametrize("code, words", [
    ("INVALID_ARGUMENT", "INVALID_ARGUMENT: 100% no"), ("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED: 100% no"),
    ("INTERNAL", "INTERNAL: 100% no"), ("UNIMPLEMENTED", "Not found (UNIMPLEMENTED: 100% no)")])
def test_grpc_codes_that_are_final_are_told(receiver, code, words):
    receiver.fail(*[(grpc.StatusCode[code], "100% no\nreally", None)] * 100)
    with EventSession(store(receiver, "grpc")) as session:
        line = refusal(session)
    assert line == f"QT171: store otel-0: Failed to send events: {words}; dropped and counted"
    assert session.log and receiver.records == []


@PROTOCOLS
def test_what_a_receiver_takes_in_part_is_counted(receiver, protocol):
    receiver.fail(("refuse", 3))
    with EventSession(store(receiver, protocol)) as session:
        for i in range(20):
            session.exchange(f"/{i}")
        session.flush()
        assert session.stat("sink_dropped") == 3
    assert len(receiver.records) == len(session.told) - 3
    assert any("Failed to send events: too old" in line for line in session.log)


@PROTOCOLS
def test_a_wrong_token_and_nobody_there_are_told_once(receiver, protocol):
    with EventSession(store(receiver, protocol, token="Bearer abc-wrong")) as session:
        line = refusal(session)
    assert "Failed to send events: Access Denied (" in line and "no such token" in line and "abc-wrong" not in line
    with EventSession(store(receiver, protocol, port=free_port(), more=", retry: { max_attempts: 2 }")) as session:
        line = refusal(session)
    assert "Failed to send events: POST http://127.0.0.1:" in line and "Failed to connect" in line


def test_http_gets_everything_through_every_fault_of_the_way(receiver):
    faults = ["reset", 503, "hang", (429, {"Retry-After": "1"}), 500]
    with FaultProxy(receiver.http_port, faults) as proxy:
        with EventSession(store(receiver, "http", port=proxy.port, more=", timeout: 1s")) as session:
            for i in range(30):
                session.exchange(f"/{i}")
            session.flush()
            assert session.stat("sink_dropped") == 0, session.log
    assert [fault for _, _, fault in proxy.requests if fault] == faults
    assert len(receiver.records) == len(session.told)


def test_variables_stand_in_endpoint_and_headers(receiver, monkeypatch):
    monkeypatch.setenv("COLLECTOR_PORT", str(receiver.http_port))
    monkeypatch.setenv("COLLECTOR_TOKEN", "xyz-secret")
    with EventSession("{ type: otel, protocol: http, endpoint: 'http://127.0.0.1:${COLLECTOR_PORT}/v1/logs', "
                      "headers: { authorization: 'Bearer ${COLLECTOR_TOKEN}', x-scope.org-id: a } }") as session:
        session.exchange()
        session.flush()
    assert len(receiver.records) == len(session.told) > 0


def test_on_standard_output_each_line_is_a_request_in_json(capfd):
    with EventSession("{ type: otel, protocol: stdout }") as session:
        for i in range(20):
            session.exchange(f"/{i}")
        session.flush()
    found = []
    for line in capfd.readouterr().out.splitlines():
        request = json_format.Parse(line, logs_service_pb2.ExportLogsServiceRequest())  # strict about names
        assert map_of(request.resource_logs[0].resource.attributes)["service.name"] == "qtap"
        found += [map_of(record.attributes) for record in request.resource_logs[0].scope_logs[0].log_records]
    assert found == [flat(event) for event in session.told]
