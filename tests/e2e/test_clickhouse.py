# SPDX-License-Identifier: Apache-2.0
"""Events in the tables of two real ClickHouses: Debian's, which is old, and the engine of a current version."""
import pytest
from clickhouse import PASSWORD, USER, NewClickHouse, OldClickHouse
from event_session import EventSession, refusal
from fault_proxy import FaultProxy
from listeners import free_port


@pytest.fixture(scope="module")
def new_server(tmp_path_factory):
    if NewClickHouse.missing():
        pytest.skip(NewClickHouse.missing())
    with NewClickHouse(tmp_path_factory.mktemp("chdb")) as running:
        yield running


@pytest.fixture(scope="module")
def old_server(tmp_path_factory):
    if OldClickHouse.missing():
        pytest.skip(OldClickHouse.missing())
    with OldClickHouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def database(new_server, request):
    """The name of an empty database of the test's own."""
    name = request.node.name.partition("[")[0][:60]
    new_server.query(f"CREATE DATABASE `{name}`")
    yield name
    new_server.query(f"DROP DATABASE `{name}`")


def store(server, database, endpoint=None, password=PASSWORD, more=", create_tables: true"):
    return (f"{{ type: clickhouse, endpoint: '{endpoint or server.endpoint}', database: {database}, username: {USER}, "
            f"password: {{ type: text, value: '{password}' }}{more} }}")


def rows(server, database, table, what="*"):
    return server.query(f"SELECT {what} FROM `{database}`.`{table}` FINAL ORDER BY timestamp, connection_id")


KINDS = ("connection", "request", "artifact_record")


def test_rows_of_each_kind_have_the_values_of_the_events(new_server, database, tmp_path):
    with EventSession(store(new_server, database), objects=f"{{ type: file, dir: {tmp_path} }}") as session:
        session.exchange("/get?x=1", request_fields=b"Authorization: Bearer abcdefghijklmnop\r\nUser-Agent: t\xc3\xbc'\\\r\n")
        session.flush()
        assert session.stat("sink_dropped") == 0, session.log
    found = {kind: rows(new_server, database, kind) for kind in KINDS}
    assert {kind: len(found[kind]) for kind in KINDS} == {kind: len(session.events(kind)) for kind in KINDS}

    event, row = session.events("request")[0], found["request"][0]
    assert row["timestamp"] == event["timestamp"].replace("T", " ").rstrip("Z")
    assert row["duration_ms"] == event["duration"] and row["duration_us"] == event["durationUs"] == 27_000
    assert (row["url"], row["path"], row["method"], row["status"]) == ("https://api.example/get", "/get", "GET", 200)
    assert row["agent"] == event["agent"] == "tü'\\"
    assert row["tags"] == event["tags"] and row["direction"] == "egress-external"
    assert (row["auth_token_mask"], row["auth_token_hash"]) == (event["authTokenMask"], event["authTokenHash"])
    assert row["objects"] == event["objects"] and len(row["objects"]) == 1
    assert row["grpc_status"] is None and row["missing_bytes"] is None and row["truncated"] is False
    assert row["tls_probe_types_detected"] == event["tlsProbeTypesDetected"]

    event, row = session.events("connection")[-1], found["connection"][-1]
    assert (row["connection_id"], row["endpoint_id"]) == (event["meta"]["connectionId"], "api.example")
    assert (row["local_ip"], row["local_port"], row["remote_ip"], row["remote_port"]) == ("10.0.0.1", 4000, "8.8.8.8", 443)
    assert (row["exe"], row["pid"], row["finalized"], row["part"]) == ("/usr/bin/curl", 7, True, event["part"])
    assert (row["agent_name"], row["agent_instance"]) == ("the test", event["system"]["agentInstance"])
    assert row["tags"] == event["tags"] and row["l7_protocol"] == "http1"
    assert row["closed_at"] == event["closedAt"].replace("T", " ").rstrip("Z")

    event, row = session.events("artifact_record")[0], found["artifact_record"][0]
    assert (row["digest"], row["size"], row["stored"], row["store"]) == (event["digest"], event["size"], True, "file-0")
    assert row["summary"]["duration_us"] == "27000" and row["summary"]["request_host"] == "api.example"


def test_rows_are_removed_after_the_retention(new_server, database):
    with EventSession(store(new_server, database, more=", create_tables: true, retention_days: 7, table_prefix: x_")) as session:
        session.exchange()
        session.flush()
    made = new_server.query(f"SELECT name, create_table_query AS ddl FROM system.tables WHERE database = '{database}'")
    assert {row["name"] for row in made} == {"x_connection", "x_request", "x_issue", "x_pii_entity", "x_artifact_record"}
    assert all("toIntervalDay(7)" in row["ddl"] for row in made)


@pytest.mark.parametrize("more", ["", ", async_insert: false", ", compression: none, batch: { max_events: 7 }"])
def test_every_event_is_there_once_through_every_fault_of_the_way(new_server, database, more):
    with EventSession(store(new_server, database)) as session:
        session.exchange()
        session.flush()
    for kind in KINDS:
        new_server.query(f"TRUNCATE TABLE `{database}`.{kind}")
    # "truncated": the server has it, and we do not know.
    faults = ["reset", 503, "truncated", "hang", (429, {"Retry-After": "1"}), "truncated", 500]
    with FaultProxy(new_server.port, faults) as proxy:
        with EventSession(store(new_server, database, endpoint=f"http://{proxy.endpoint}",
                                more=f", timeout: 1s{more}")) as session:
            for i in range(50):
                session.exchange(f"/{i}")
            session.flush()
            assert session.stat("sink_dropped") == 0, session.log
    assert [fault for _, _, fault in proxy.requests if fault] == faults
    # Not FINAL: what was sent twice was not inserted twice.
    found = {kind: new_server.query(f"SELECT * FROM `{database}`.{kind}") for kind in KINDS}
    assert sorted(row["request_id"] for row in found["request"]) == sorted(e["requestId"] for e in session.events("request"))
    assert len(found["connection"]) == len(session.events("connection"))


def test_what_the_server_refuses_is_told_once_without_the_password(new_server, database):
    with EventSession(store(new_server, database, password="a wrong one")) as session:
        line = refusal(session)
    assert "QT171: store clickhouse-0: Failed to send events: Access Denied (Code: 516. " in line and "wrong" not in line
    with EventSession(store(new_server, "nowhere")) as session:
        line = refusal(session)
    assert "Failed to send events: Not found (Code: 81. DB::Exception: Database nowhere does not exist." in line
    with EventSession(store(new_server, database, more="")) as session:
        lines = refusal(session, lines=2)
    assert all("Failed to send events: Not found (Code: 60. " in line for line in lines), lines
    with EventSession(store(new_server, database, endpoint=f"http://127.0.0.1:{free_port()}",
                            more=", retry: { max_attempts: 2 }")) as session:
        line = refusal(session)
    assert "Failed to send events: POST http://127.0.0.1:" in line and "Failed to connect" in line


# What is of a version after 18 is not there: no DateTime64, Bool, Map, LowCardinality, nor tokens.
OLD_TABLE = """CREATE TABLE {database}.request (
  timestamp DateTime('UTC'), connection_id String, request_id String, endpoint_id String, direction String, method String, url String,
  path String, status Nullable(UInt16), duration_ms Nullable(UInt64), duration_us Nullable(UInt64), bytes_sent UInt64,
  tls_probe_introspected UInt8, tags Array(String)) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(timestamp)
  ORDER BY (toDate(timestamp), endpoint_id, request_id)"""
OLD_CONNECTION = """CREATE TABLE {database}.connection (
  timestamp DateTime('UTC'), connection_id String, local_ip String, remote_port UInt16, part UInt32, finalized UInt8)
  ENGINE = ReplacingMergeTree(part) PARTITION BY toYYYYMM(timestamp) ORDER BY (toDate(timestamp), connection_id)"""


def test_an_old_server_takes_them_into_tables_of_its_own_types(old_server):
    old_server.query("CREATE DATABASE qtap")
    for ddl in (OLD_TABLE, OLD_CONNECTION):
        old_server.query(ddl.format(database="qtap"))
    with EventSession(store(old_server, "qtap", more="")) as session:
        for i in range(50):
            session.exchange(f"/{i}")
        session.flush()
        assert session.stat("sink_dropped") == 0, session.log
    found = old_server.query("SELECT *, toUnixTimestamp(timestamp) AS time FROM qtap.request FINAL FORMAT JSONEachRow")
    by_id = {row["request_id"]: row for row in found}
    assert set(by_id) == {event["requestId"] for event in session.events("request")} and len(found) == 50
    event = session.events("request")[7]
    row = by_id[event["requestId"]]
    assert (row["path"], row["status"], row["duration_ms"], row["tags"]) == (event["path"], 200, str(event["duration"]), event["tags"])
    assert row["timestamp"] == event["timestamp"].replace("T", " ")[:19]
    assert len(old_server.query("SELECT * FROM qtap.connection FINAL FORMAT JSONEachRow")) == 50


def test_an_old_server_refuses_in_its_own_words(old_server):
    with EventSession(store(old_server, "qtap", password="a wrong one", more="")) as session:
        line = refusal(session)
    assert "Failed to send events: " in line and "a wrong one" not in line
    with EventSession(store(old_server, "nowhere", more="")) as session:
        line = refusal(session)
    assert "Failed to send events: Not found (Code: 81, " in line
