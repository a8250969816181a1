# SPDX-License-Identifier: Apache-2.0
"""Objects on their way into a bucket of a real object storage, and what happens when that is not as it should be."""
import hashlib
import http.server
import json
import os
import socket
import threading
import time

import pytest
import qtap
import upload
from fault_proxy import FaultProxy
from harness import curl
from rados_gateway import RadosGateway, missing

botocore_session = pytest.importorskip("botocore.session", reason="python3-botocore, which reads the bucket, is not installed")

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"{missing()} (radosgw, ceph-mon, ceph-osd) is not installed")

@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with RadosGateway(tmp_path_factory.mktemp("ceph")) as running:
        yield running


@pytest.fixture
def bucket(gateway, request):
    """An empty bucket of the test's own, and botocore's client to read it with."""
    client = botocore_session.get_session().create_client(
        "s3", endpoint_url=gateway.endpoint, region_name="us-east-1", aws_access_key_id=gateway.keys[0],
        aws_secret_access_key=gateway.keys[1])
    name = request.node.name.replace("_", "-").partition("[")[0][:60].rstrip("-")
    client.create_bucket(Bucket=name)
    return name, client


class Upload(upload.Upload):
    """To a bucket of the gateway."""

    def __init__(self, gateway, bucket, endpoint=None, secret=None, has_keys=True, more="", capture=None):
        keys = f", access_key: '{gateway.keys[0]}', secret_key: {{ type: text, value: '{secret or gateway.keys[1]}' }}"
        super().__init__(f"{{ id: store, type: s3, endpoint: '{endpoint or f'127.0.0.1:{gateway.port}'}', insecure: true, "
                         f"bucket: {bucket}{keys if has_keys else ''}{more} }}", capture)


def stored(client, bucket):
    """{key: bytes} of all that is in the bucket."""
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for row in page.get("Contents", ()):
            found[row["Key"]] = client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
    return found


def test_what_was_acknowledged_is_in_the_bucket_and_nothing_else(gateway, bucket):
    name, client = bucket
    with Upload(gateway, name) as upload:
        for i in range(100):
            upload.exchange(b"%d " % i * 100, path=f"/{i}")
        upload.flush()
        stats = upload.session.stats
    assert all(record["stored"] for record in upload.records), upload.records[0]
    found = stored(client, name)
    assert set(found) == {record["digest"] for record in upload.records} and len(found) == 100
    assert all(hashlib.sha256(data).hexdigest() == key for key, data in found.items())
    assert {record["url"] for record in upload.records} == {f"http://127.0.0.1:{gateway.port}/{name}/{key}" for key in found}
    assert client.head_object(Bucket=name, Key=next(iter(found)))["ContentType"] == "application/json"
    assert stats["sink_dropped"] == 0


def test_a_key_may_have_folders_and_a_link_another_form(gateway, bucket):
    name, client = bucket
    more = ", object_key: 'a b/{{TYPE}}/{{DIGEST}}', access_url: 'https://view.example/{{BUCKET}}?o={{DIGEST}}'"
    with Upload(gateway, name, more=more) as upload:
        upload.exchange(b"x")
        upload.flush()
    digest = upload.records[0]["digest"]
    assert list(stored(client, name)) == [f"a b/http_transaction/{digest}"]
    assert upload.records[0]["url"] == f"https://view.example/{name}?o={digest}"


def test_a_store_may_name_objects_by_sha1_and_by_day_and_each_upload_is_told(gateway, bucket):
    name, client = bucket
    with Upload(gateway, name, more=", digest: sha1, object_key: '{{DATE}}/{{HOST}}/{{DIGEST}}'") as upload:
        for i in range(30):
            upload.exchange(b"%d" % i)
        upload.flush()
    day = upload.records[0]["timestamp"][:10].replace("-", "/")  # of the feed's time
    found = stored(client, name)
    assert {hashlib.sha1(data).hexdigest() for data in found.values()} == {record["digest"] for record in upload.records}
    assert set(found) == {f"{day}/{socket.gethostname()}/{record['digest']}" for record in upload.records}
    lines = [line for line in upload.log if line.startswith("Uploaded payload to ")]
    assert f"Uploaded payload to s3://{name}/{upload.records[0]['digest']}" in lines
    more = [int(line.split()[3]) for line in upload.log if line.startswith("store store: uploaded ")]
    assert len(lines) + sum(more) == 30 and len(lines) < 30, upload.log


def test_a_store_may_have_no_records(gateway, bucket):
    name, client = bucket
    with Upload(gateway, name, more=", event_store: { disabled: true }") as upload:
        upload.exchange(b"x")
        upload.flush()
    assert upload.records == [] and len(stored(client, name)) == 1


@pytest.fixture
def no_credentials(monkeypatch, tmp_path):
    """An environment in which AWS's tools would find none."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return monkeypatch


def test_credentials_of_a_profile(gateway, bucket, no_credentials, tmp_path):
    name, client = bucket
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n".format(*gateway.keys))
    with Upload(gateway, name, has_keys=False) as upload:
        upload.exchange(b"x")
        upload.flush()
    assert list(stored(client, name)) == [upload.records[0]["digest"]], upload.records


class Metadata(http.server.BaseHTTPRequestHandler):
    """What a container is told: credentials that the storage refuses, then good ones."""
    answers, asked = [], []

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        self.asked.append(self.path)
        body = json.dumps(self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_credentials_of_a_container_that_are_refused_are_asked_for_again(gateway, bucket, no_credentials):
    name, client = bucket
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    Metadata.answers = [{"AccessKeyId": key, "SecretAccessKey": gateway.keys[1], "Token": "token", "Expiration": expires}
                        for key in ("UNKNOWNKEY", gateway.keys[0])]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    no_credentials.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/keys")
    with Upload(gateway, name, has_keys=False) as upload:
        for i in range(10):
            upload.exchange(b"%d" % i)
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 0, upload.log
    server.shutdown()
    server.server_close()
    assert Metadata.asked == ["/keys"] * 2  # once refused, then kept
    assert len(stored(client, name)) == 10


def test_no_credentials_at_all_are_told_with_the_places(gateway, bucket, no_credentials):
    name, _ = bucket
    with Upload(gateway, name, has_keys=False) as upload:
        upload.exchange(b"x")
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 1
    assert "store store: no credentials: " in upload.records[0]["error"]


@pytest.mark.parametrize("wrong, words", [({"secret": "wrong"}, "Access Denied (SignatureDoesNotMatch"),
                                          ({"bucket": "no-such-bucket"}, "No such bucket (NoSuchBucket")])
def test_what_the_storage_refuses_is_told_once_and_counted(gateway, bucket, wrong, words):
    name, client = bucket
    with Upload(gateway, wrong.get("bucket", name), secret=wrong.get("secret")) as upload:
        for i in range(20):
            upload.exchange(b"%d" % i)
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 20
        assert upload.session.stats["sink_retries"] == 0
    failed = f"Failed to upload to object storage: {words}"
    assert len(upload.records) == 20
    assert all(not record["stored"] and failed in record["error"] for record in upload.records), upload.records[0]
    told = [line for line in upload.log if failed in line]
    assert len(told) == 1 and "store store: " in told[0], upload.log
    assert not any(secret in line for line in upload.log for secret in (gateway.keys[1], "wrong"))
    assert stored(client, name) == {}


def test_every_fault_of_the_way_is_tried_again_and_nothing_is_lost_or_there_twice(gateway, bucket):
    name, client = bucket
    faults = ["reset", 503, "truncated", (429, {"Retry-After": "1"}), "hang", 500, "reset"]
    with FaultProxy(gateway.port, faults) as proxy:
        with Upload(gateway, name, endpoint=proxy.endpoint, more=", timeout: 1s") as upload:
            for i in range(30):
                upload.exchange(b"%d " % i * 5000, path=f"/{i}")
            upload.flush()
            assert upload.session.stats["sink_retries"] >= 5  # libcurl itself tries again after a reset of a kept connection
            assert upload.session.stats["sink_dropped"] == 0
    assert [fault for _, _, fault in proxy.requests if fault] == faults
    assert len(upload.records) == 30 and all(record["stored"] for record in upload.records)
    assert set(stored(client, name)) == {record["digest"] for record in upload.records}


def test_a_bucket_that_locks_its_objects_takes_them(gateway, bucket):
    """Some want a digest in a header of its own then, and say so in their first answer."""
    name, client = f"{bucket[0]}-locked", bucket[1]
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}})
    with Upload(gateway, name) as upload:
        for i in range(3):
            upload.exchange(b"%d" % i)
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 0, upload.log
    assert set(stored(client, name)) == {record["digest"] for record in upload.records}


def test_nobody_there_is_counted_and_closing_does_not_wait_for_it(gateway, bucket):
    name, client = bucket
    with FaultProxy(gateway.port, ["hang"] * 20) as proxy:
        with Upload(gateway, name, endpoint=proxy.endpoint) as upload:
            for i in range(5):
                upload.exchange(b"%d" % i)
            with pytest.raises(qtap.QtapError) as error:
                upload.session.flush(200)
            assert error.value.name == "QTAP_ERR_TIMEOUT"
            began = time.monotonic()
            upload.session.close()
            assert time.monotonic() - began < 5  # an attempt would take 30 s
    assert stored(client, name) == {}


LARGE = ", queue_bytes: 1gb"
LARGE_BODY = 52 * 2**20  # in base64, in an object, it is more than 64 MiB


def large_exchange(upload):
    upload.exchange(os.urandom(1024) * (LARGE_BODY // 1024))


def uploads_left(client, bucket):
    return client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])


def test_a_large_object_goes_in_parts_and_is_the_same_there(gateway, bucket):
    name, client = bucket
    with FaultProxy(gateway.port, [None, None, "reset"]) as proxy:  # the second part is sent again
        with Upload(gateway, name, endpoint=proxy.endpoint, more=LARGE, capture={"capture.body_buffer": "128mb"}) as upload:
            large_exchange(upload)
            upload.flush()
            assert upload.session.stats["sink_dropped"] == 0, upload.log
            assert upload.session.stats["sink_retries"] == 0, upload.log
    record, = upload.records
    assert record["stored"] and record["size"] > 64 * 2**20
    (key, data), = stored(client, name).items()
    assert key == record["digest"] == hashlib.sha256(data).hexdigest() and len(data) == record["size"]
    assert client.head_object(Bucket=name, Key=key)["ContentType"] == "application/json"
    assert {method for method, _, _ in proxy.requests} == {"POST", "PUT"}
    assert sum("partNumber=" in path for _, path, _ in proxy.requests) == -(-record["size"] // (16 * 2**20)) + 1
    assert uploads_left(client, name) == []


@pytest.mark.parametrize("faults", [[None, None, 400], [None, 503, None, 403], [None] * 6 + [403]])
def test_a_large_object_that_fails_in_the_middle_leaves_nothing(gateway, bucket, faults):
    name, client = bucket
    with FaultProxy(gateway.port, faults) as proxy:
        with Upload(gateway, name, endpoint=proxy.endpoint, more=LARGE + ", retry: { max_attempts: 1 }",
                    capture={"capture.body_buffer": "128mb"}) as upload:
            large_exchange(upload)
            upload.flush()
            assert upload.session.stats["sink_dropped"] == 1, upload.log
    assert not upload.records[0]["stored"] and "may be left" not in upload.records[0]["error"]
    assert proxy.requests[-1][0] == "DELETE"
    assert uploads_left(client, name) == [] and stored(client, name) == {}


def test_closing_in_the_middle_of_a_large_object_leaves_nothing(gateway, bucket):
    name, client = bucket
    with FaultProxy(gateway.port, [None, None, "hang"]) as proxy:
        with Upload(gateway, name, endpoint=proxy.endpoint, more=LARGE, capture={"capture.body_buffer": "128mb"}) as upload:
            large_exchange(upload)
            with pytest.raises(qtap.QtapError):
                upload.session.flush(3000)
            assert len(uploads_left(client, name)) == 1
            began = time.monotonic()
            upload.session.close()
            assert time.monotonic() - began < 5
    assert uploads_left(client, name) == [] and stored(client, name) == {}


LIVE_YAML = """version: 2
services:
  event_stores: [{{ type: stdout }}]
  object_stores: [{{ type: s3, endpoint: '{endpoint}', bucket: {bucket}, access_key: '{keys[0]}', secret_key: '{keys[1]}' }}]
stacks: {{ main: {{ plugins: [{{ type: http_capture, config: {{ level: full }} }}, {{ type: report_usage }}] }} }}
tap: {{ direction: all, ignore_loopback: false, http: {{ stack: main }} }}
"""


@pytest.mark.live
def test_own_uploads_are_never_captured_not_even_by_the_storage_beside_us(gateway, bucket, servers, agent, tmp_path):
    """Else each upload would be seen at the gateway's end, which would be an object, and so on."""
    name, client = bucket
    config = tmp_path / "qtap.yaml"
    config.write_text(LIVE_YAML.format(endpoint=gateway.endpoint, bucket=name, keys=gateway.keys))
    running = agent("--config", config, objects=None, as_json=False)
    server = servers["python"]
    for _ in range(5):
        curl(server.url("/hello"), "-o", "/dev/null", cert=server.cert)

    def ours():
        return [event for event in running.events("request") if server.url("/hello") == event["url"]]
    running.wait_for("both ends of five requests", lambda: len(ours()) >= 10)
    client.put_object(Bucket=name, Key="end", Body=b"this one is not ours")
    running.wait_for("the request of another client of the gateway",
                     lambda: any(f"/{name}/end" in event["url"] for event in running.events("request")))
    assert running.stop() == 0, running.err
    seen = [event["url"] for event in running.events("request") if f":{gateway.port}/" in event["url"]]
    assert seen and set(seen) == {f"{gateway.endpoint}/{name}/end"}
    digests = {event["digest"] for event in running.events("artifact_record") if event["stored"]}
    assert digests and digests | {"end"} == set(stored(client, name))
