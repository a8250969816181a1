# SPDX-License-Identifier: Apache-2.0
"""Objects on their way into a bucket of Google's Cloud Storage, which a strict stand-in plays: its emulators check neither
tokens nor conditions (firebase-tools: any bearer, no PUT of the XML API)."""
import hashlib
import json
import subprocess

import pytest
import qtap
from fake_gcs import FakeGcs
from fault_proxy import FaultProxy
from upload import Upload


@pytest.fixture
def gcs(tmp_path):
    with FakeGcs(tmp_path, ["acme", "not-ours"]) as running:
        yield running


@pytest.fixture
def key_file(gcs, tmp_path):
    path = tmp_path / "account.json"
    path.write_text(gcs.account())
    return str(path)


def store(gcs, credentials, bucket="acme", port=None, more=""):
    text = credentials.replace("'", "''")
    secret = f", credentials: {{ type: text, value: '{text}' }}" if credentials else ""
    return (f"{{ id: store, type: gcs, bucket: {bucket}, region: eu, insecure: true, "
            f"endpoint: '127.0.0.1:{port or gcs.port}'{secret}{more} }}")


def asked_for_tokens(gcs):
    return [outcome for what, outcome in gcs.asked if what in ("token", "metadata")]


@pytest.mark.parametrize("how", ["a path", "JSON", "the metadata server"])
def test_what_was_acknowledged_is_in_the_bucket_and_nothing_else(gcs, key_file, how, monkeypatch):
    monkeypatch.setenv("GCE_METADATA_HOST", gcs.endpoint)
    credentials = {"a path": key_file, "JSON": gcs.account(), "the metadata server": ""}[how]
    with Upload(store(gcs, credentials, more=", object_key: 'a b/{{TYPE}}/{{DIGEST}}'")) as upload:
        for i in range(50):
            upload.exchange(b"%d " % i * 100, path=f"/{i}")
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 0, upload.log
    found = gcs.objects["acme"]
    assert set(found) == {f"a b/http_transaction/{record['digest']}" for record in upload.records} and len(found) == 50
    assert all(hashlib.sha256(data).hexdigest() == key[-64:] for key, (data, _) in found.items())
    assert {kind for _, kind in found.values()} == {"application/json"}
    assert {record["url"] for record in upload.records} == {f"http://{gcs.endpoint}/acme/{key}" for key in found}
    assert asked_for_tokens(gcs) == [None]
    assert any(line.startswith("Uploaded payload to gs://acme/") for line in upload.log)


def test_bytes_that_are_there_are_stored(gcs, key_file):
    for _ in range(2):  # two sessions that know nothing of each other
        with Upload(store(gcs, key_file)) as upload:
            upload.exchange(b"same")
            upload.flush()
        assert upload.records[0]["stored"], upload.records
    assert len(gcs.objects["acme"]) == 1


def test_a_token_is_renewed_five_minutes_before_it_expires(gcs, key_file):
    for expires_in, count in ((299, 3), (400, 1)):
        gcs.expires_in, gcs.asked[:] = expires_in, []
        with Upload(store(gcs, key_file)) as upload:
            for i in range(3):
                upload.exchange(b"%d %d" % (expires_in, i))
                upload.flush()
            assert upload.session.stats["sink_dropped"] == 0, upload.log
        assert asked_for_tokens(gcs) == [None] * count


def test_a_token_that_is_refused_is_replaced_once(gcs, key_file):
    gcs.refuse_tokens = 1
    with Upload(store(gcs, key_file)) as upload:
        upload.exchange(b"x")
        upload.flush()
        assert upload.records[0]["stored"] and asked_for_tokens(gcs) == [None] * 2
        gcs.refuse_tokens = 10**6
        upload.exchange(b"y")
        upload.flush()
        assert "Access Denied (AuthenticationRequired" in upload.records[1]["error"]
    assert gcs.refuse_tokens == 10**6 - 2


@pytest.mark.parametrize("bucket, words", [("no-such-bucket", "No such bucket (NoSuchBucket"),
                                           ("not-ours", "Access Denied (AccessDenied")])
def test_what_the_storage_refuses_is_told_once_and_counted(gcs, key_file, bucket, words):
    with Upload(store(gcs, key_file, bucket)) as upload:
        upload.refused(words)
    assert not any("secret" in line or "PRIVATE" in line for line in upload.log)


def test_a_key_that_was_withdrawn_is_told_with_the_words_of_the_endpoint(gcs, tmp_path):
    account = json.loads(gcs.account())
    account["private_key"] = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA"], check=True, capture_output=True,
                                            text=True).stdout
    with Upload(store(gcs, json.dumps(account))) as upload:
        upload.exchange(b"x")
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 1
    assert (f"store store: no access token: http://{gcs.endpoint}/token: status 400 (invalid_grant, Invalid JWT Signature.)"
            in upload.records[0]["error"])
    assert gcs.objects["acme"] == {}


def test_every_fault_of_the_way_is_tried_again_and_nothing_is_lost(gcs, key_file):
    faults = ["reset", 503, "truncated", (429, {"Retry-After": "1"}), "hang", 500]
    with FaultProxy(gcs.port, faults) as proxy:
        with Upload(store(gcs, key_file, port=proxy.port, more=", timeout: 1s")) as upload:
            for i in range(30):
                upload.exchange(b"%d " % i * 5000, path=f"/{i}")
            upload.flush()
            assert upload.session.stats["sink_dropped"] == 0, upload.log
    assert len(upload.records) == 30 and all(record["stored"] for record in upload.records)
    assert set(gcs.objects["acme"]) == {record["digest"] for record in upload.records}


@pytest.mark.parametrize("wrong, words", [({"type": "authorized_user"}, "type: expected service_account, got authorized_user"),
                                          ({"private_key": "secret"}, "private_key: expected a key of RSA in PEM"),
                                          ({"token_uri": ""}, "token_uri: is missing")])
def test_a_key_file_that_is_none_is_told_at_the_start(gcs, wrong, words):
    with pytest.raises(qtap.QtapError) as error:
        Upload(store(gcs, gcs.account(**wrong))).session.close()
    assert words in str(error.value) and "secret" not in str(error.value)


def test_a_key_file_that_is_not_there_is_told_without_what_may_be_a_secret(gcs):
    with pytest.raises(qtap.QtapError) as error:
        Upload(store(gcs, "/nowhere/secret")).session.close()
    assert "store store: credentials: cannot read the file that it names: No such file" in str(error.value)
    assert "secret" not in str(error.value)
