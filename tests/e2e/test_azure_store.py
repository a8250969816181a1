# SPDX-License-Identifier: Apache-2.0
"""Objects on their way into a container of Azure's Blob service, which Azurite plays."""
import hashlib
import itertools
import os

import pytest
import qtap
from azurite import Azurite, missing
from fault_proxy import FaultProxy
from upload import Upload

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"{missing()} is not installed")


NUMBERS = itertools.count()  # names of containers must differ


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    with Azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def container(azure, request):
    name = f"{request.node.name.replace('_', '-').partition('[')[0][:50].rstrip('-')}-{next(NUMBERS)}"
    azure.make_container(name)
    return name


def store(azure, container, secret=None, port=None, more=""):
    secret = secret or f"shared_key: {{ type: text, value: '{azure.key}' }}"
    return (f"{{ id: store, type: azure_blob, account: {azure.account}, container: {container}, insecure: true, "
            f"endpoint: '127.0.0.1:{port or azure.port}/{azure.account}', {secret}{more} }}")


@pytest.mark.parametrize("with_sas", [False, True])
def test_what_was_acknowledged_is_in_the_container_and_nothing_else(azure, container, with_sas):
    secret = f"sas_token: {{ type: text, value: '{azure.sas(container)}' }}" if with_sas else None
    with Upload(store(azure, container, secret, more=", object_key: 'a b/{{TYPE}}/{{DIGEST}}'")) as upload:
        for i in range(50):
            upload.exchange(b"%d " % i * 100, path=f"/{i}")
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 0, upload.log
    found = azure.stored(container)
    assert set(found) == {f"a b/http_transaction/{record['digest']}" for record in upload.records} and len(found) == 50
    assert all(hashlib.sha256(data).hexdigest() == key[-64:] for key, (data, _) in found.items())
    assert {kind for _, kind in found.values()} == {"application/json"}
    url = f"http://127.0.0.1:{azure.port}/{azure.account}/{container}/"
    assert {record["url"] for record in upload.records} == {url + key for key in found}
    assert any(line.startswith(f"Uploaded payload to azure://{container}/") for line in upload.log)


def test_bytes_that_are_there_are_stored(azure, container):
    for _ in range(2):  # two sessions that know nothing of each other
        with Upload(store(azure, container)) as upload:
            upload.exchange(b"same")
            upload.flush()
        assert upload.records[0]["stored"], upload.records
    assert len(azure.stored(container)) == 1


def test_a_large_object_goes_in_blocks_and_is_the_same_there(azure, container):
    with FaultProxy(azure.port, [None, "reset"]) as proxy:
        with Upload(store(azure, container, port=proxy.port, more=", queue_bytes: 1gb"),
                    {"capture.body_buffer": "128mb"}) as upload:
            upload.exchange(os.urandom(1024) * (52 * 1024))
            upload.flush()
            assert upload.session.stats["sink_dropped"] == 0, upload.log
    (key, (data, kind)), = azure.stored(container).items()
    assert key == upload.records[0]["digest"] == hashlib.sha256(data).hexdigest() and len(data) > 64 * 2**20
    assert kind == "application/json"
    assert sum("comp=block&" in path for _, path, _ in proxy.requests) >= 5


WRONG_KEY = "shared_key: { type: text, value: 'd3Jvbmc=' }"


@pytest.mark.parametrize("wrong, words", [({"secret": WRONG_KEY}, "Access Denied (Auth"),
                                          ({"container": "no-such-container"}, "No such bucket (ContainerNotFound")])
def test_what_the_storage_refuses_is_told_once_and_counted(azure, container, wrong, words):
    with Upload(store(azure, wrong.get("container", container), wrong.get("secret"))) as upload:
        upload.refused(words)
    assert not any(secret in line for line in upload.log for secret in (azure.key, "d3Jvbmc="))
    assert azure.stored(container) == {}


def test_a_signature_that_has_expired_is_refused(azure, container):
    sas = azure.sas(container).replace("se=20", "se=19")
    with Upload(store(azure, container, f"sas_token: {{ type: text, value: '{sas}' }}")) as upload:
        upload.exchange(b"x")
        upload.flush()
    assert "Access Denied" in upload.records[0]["error"]
    assert not any("sig=" in text for text in [*upload.log, upload.records[0]["error"]])


def test_every_fault_of_the_way_is_tried_again_and_nothing_is_lost(azure, container):
    faults = ["reset", 503, "truncated", (429, {"Retry-After": "1"}), "hang", 500]
    with FaultProxy(azure.port, faults) as proxy:
        with Upload(store(azure, container, port=proxy.port, more=", timeout: 1s")) as upload:
            for i in range(30):
                upload.exchange(b"%d " % i * 5000, path=f"/{i}")
            upload.flush()
            assert upload.session.stats["sink_dropped"] == 0
    assert len(upload.records) == 30 and all(record["stored"] for record in upload.records)
    assert set(azure.stored(container)) == {record["digest"] for record in upload.records}


def test_a_key_that_is_none_is_told_at_the_start(azure, container):
    with pytest.raises(qtap.QtapError) as error:
        Upload(store(azure, container, "shared_key: { type: text, value: 'no base64!' }")).session.close()
    assert "shared_key: expected the account's key in base64" in str(error.value) and "no base64" not in str(error.value)
