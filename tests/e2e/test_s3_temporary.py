# SPDX-License-Identifier: Apache-2.0
"""Temporary credentials and wrong clocks, with an object storage and a token service that look: Ceph's."""
import itertools
import json
import os
import pathlib
import subprocess
import time

import pytest
from harness import ENVIRONMENT, PYTHON
from oidc import AUDIENCE, IdentityProvider
from rados_gateway import RadosGateway, missing
from upload import Upload

botocore_session = pytest.importorskip("botocore.session", reason="python3-botocore, which reads the bucket, is not installed")
botocore_config = pytest.importorskip("botocore.config")

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"{missing()} (radosgw, ceph-mon, ceph-osd) is not installed")

NUMBERS = itertools.count()  # names of buckets must differ
HERE = pathlib.Path(__file__).resolve().parent
MAY_PUT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"}]}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with RadosGateway(tmp_path_factory.mktemp("ceph"), has_sts=True) as running:
        yield running


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with IdentityProvider(tmp_path_factory.mktemp("oidc")) as running:
        yield running


def client_of(gateway, service):
    return botocore_session.get_session().create_client(
        service, endpoint_url=gateway.endpoint, region_name="us-east-1", aws_access_key_id=gateway.keys[0],
        aws_secret_access_key=gateway.keys[1], config=botocore_config.Config(parameter_validation=False))  # of durations


@pytest.fixture(scope="module")
def role(gateway, provider):
    """ARN of a role for whoever has a token of the provider, or the user's keys."""
    iam = client_of(gateway, "iam")
    iam.create_open_id_connect_provider(Url=f"http://{provider.host}", ClientIDList=[AUDIENCE],
                                        ThumbprintList=[provider.thumbprint])
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Federated": [f"arn:aws:iam:::oidc-provider/{provider.host}"]},
         "Action": ["sts:AssumeRoleWithWebIdentity"]},
        {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/test"]}, "Action": ["sts:AssumeRole"]}]}
    return gateway.make_role("uploads", trust, MAY_PUT)


@pytest.fixture
def bucket(gateway, request):
    client = client_of(gateway, "s3")
    name = f"{request.node.name.replace('_', '-').partition('[')[0][:50].rstrip('-')}-{next(NUMBERS)}"
    client.create_bucket(Bucket=name)
    return name, client


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return monkeypatch


def store(gateway, bucket, keys=""):
    return f"{{ id: store, type: s3, endpoint: '127.0.0.1:{gateway.port}', insecure: true, bucket: {bucket}{keys} }}"


def fixed_keys(gateway):
    return f", access_key: '{gateway.keys[0]}', secret_key: {{ type: text, value: '{gateway.keys[1]}' }}"


def keys_in(client, bucket):
    return {row["Key"] for row in client.list_objects_v2(Bucket=bucket).get("Contents", ())}


def use_token(environment, gateway, role, path, token):
    path.write_text(token + "\n")  # as editors leave it; Ceph would refuse the line feed
    environment.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(path))
    environment.setenv("AWS_ROLE_ARN", role)
    environment.setenv("AWS_ENDPOINT_URL_STS", gateway.endpoint)


def test_a_token_of_the_cluster_is_exchanged_for_credentials(gateway, provider, role, bucket, environment, tmp_path):
    name, client = bucket
    use_token(environment, gateway, role, tmp_path / "token", provider.token())
    with Upload(store(gateway, name)) as upload:
        for i in range(10):
            upload.exchange(b"%d" % i)
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 0, upload.log
    assert keys_in(client, name) == {record["digest"] for record in upload.records}


@pytest.mark.parametrize("how", ["expired", "of another key"])
def test_a_token_that_is_refused_is_told_and_nothing_of_it(gateway, provider, role, bucket, environment, tmp_path, how):
    name, client = bucket
    token = provider.token(seconds=-60) if how == "expired" else provider.token()[:-20] + "A" * 20
    use_token(environment, gateway, role, tmp_path / "token", token)
    with Upload(store(gateway, name)) as upload:
        upload.exchange(b"x")
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 1
    told = upload.records[0]["error"]
    assert "store store: no credentials: " in told and f"{gateway.endpoint}/: status 4" in told, told
    assert not any(token[-30:] in text or token.split(".")[1] in text for text in [told, *upload.log])
    assert keys_in(client, name) == set()


def test_temporary_credentials_that_have_expired_are_asked_for_again_then_given_up(gateway, role, bucket, environment):
    """The place that gives them gives the same again: environment variables do not change."""
    name, client = bucket
    given = client_of(gateway, "sts").assume_role(RoleArn=role, RoleSessionName="qtap", DurationSeconds=900)["Credentials"]
    environment.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
    environment.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
    environment.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
    with Upload(store(gateway, name)) as upload:
        upload.exchange(b"in time")
        upload.flush()
    assert upload.records[0]["stored"], upload.records
    short = client_of(gateway, "sts").assume_role(RoleArn=role, RoleSessionName="qtap", DurationSeconds=1)["Credentials"]
    while time.time() < short["Expiration"].timestamp() + 1:
        time.sleep(0.1)
    environment.setenv("AWS_ACCESS_KEY_ID", short["AccessKeyId"])
    environment.setenv("AWS_SECRET_ACCESS_KEY", short["SecretAccessKey"])
    environment.setenv("AWS_SESSION_TOKEN", short["SessionToken"])
    with Upload(store(gateway, name)) as upload:
        upload.exchange(b"too late")
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 1
    told = upload.records[0]["error"]
    assert "Failed to upload to object storage: Access Denied (" in told, told
    assert not any(short["SessionToken"] in text or short["SecretAccessKey"] in text for text in [told, *upload.log])
    assert len(keys_in(client, name)) == 1


def test_a_bucket_of_somebody_else_is_denied(gateway, bucket):
    _, client = bucket
    gateway.make_user("other", "OTHERKEY", "othersecret")
    other = botocore_session.get_session().create_client(
        "s3", endpoint_url=gateway.endpoint, region_name="us-east-1", aws_access_key_id="OTHERKEY",
        aws_secret_access_key="othersecret")
    other.create_bucket(Bucket="of-somebody-else")
    with Upload(store(gateway, "of-somebody-else", fixed_keys(gateway))) as upload:
        for i in range(5):
            upload.exchange(b"%d" % i)
        upload.flush()
        assert upload.session.stats["sink_dropped"] == 5 and upload.session.stats["sink_retries"] == 0
    failed = "Failed to upload to object storage: Access Denied (AccessDenied"
    assert all(failed in record["error"] for record in upload.records), upload.records[0]
    assert sum(failed in line for line in upload.log) == 1
    assert keys_in(other, "of-somebody-else") == set() and client


SCRIPT = """import json, sys
from upload import Upload
with Upload(sys.argv[1]) as upload:
    upload.exchange(b"x")
    upload.flush()
    print(json.dumps([upload.records, upload.session.stats["sink_retries"], upload.log]))
"""


@pytest.mark.parametrize("late_s, is_stored", [(0, True), (600, True), (3600, False), (-3600, False)])
def test_a_clock_that_is_wrong_is_told(gateway, bucket, tmp_path, late_s, is_stored):
    name, client = bucket
    library = tmp_path / "late_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / "programs" / "late_clock.c", "-ldl"], check=True, timeout=60)
    done = subprocess.run([PYTHON, "-c", SCRIPT, store(gateway, name, fixed_keys(gateway))], capture_output=True, text=True,
                          timeout=60, check=False,
                          env={**ENVIRONMENT, "LD_PRELOAD": str(library), "LATE_CLOCK_S": str(late_s),
                               "PYTHONPATH": os.pathsep.join([str(HERE / "servers"), os.environ.get("PYTHONPATH", "")])})
    assert done.returncode == 0, done.stderr
    records, retries, log = json.loads(done.stdout)
    assert records[0]["stored"] == is_stored and retries == 0, records
    if not is_stored:
        assert "Access Denied (RequestTimeTooSkewed" in records[0]["error"], records
        assert "the clock of this machine" in records[0]["error"] and len([line for line in log if "Denied" in line]) == 1
    assert len(keys_in(client, name)) == is_stored
