# SPDX-License-Identifier: Apache-2.0
"""The search for credentials beside botocore's: both ask one local recorder with one environment, and must ask the same and
come to the same. The recorder stands for STS, a container's agent and the instance."""
import datetime
import hashlib
import http.server
import shlex
import subprocess
import threading
from urllib.parse import parse_qs

import pytest
from harness import BUILD, ENVIRONMENT

session = pytest.importorskip("botocore.session", reason="python3-botocore is not installed (tests/install-deps.sh test)")

ENGINE = BUILD / "tests" / "tools" / "credentials_engine"
EXPIRES = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
JSON = '{"Code":"Success","AccessKeyId":"ASIA%s","SecretAccessKey":"s/%s","Token":"t+%s=","Expiration":"' + EXPIRES + '"}'
XML = ("<{0}Response xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><{0}Result><Credentials><AccessKeyId>ASIASTS"
       "</AccessKeyId><SecretAccessKey>s/STS</SecretAccessKey><SessionToken>t+STS=</SessionToken><Expiration>" + EXPIRES +
       "</Expiration></Credentials><AssumedRoleUser><Arn>arn:u</Arn><AssumedRoleId>A:u</AssumedRoleId></AssumedRoleUser>"
       "</{0}Result></{0}Response>")
# What of a request is the client's own is left out: who it is, and how it keeps its connection.
COMPARED = ("authorization", "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds", "x-amz-security-token")


class Recorder(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        headers = {name: self.headers[name] for name in COMPARED if self.headers[name] is not None}
        if headers.get("authorization", "").startswith("AWS4"):  # of another second, and of other headers: by whom it is
            headers["authorization"] = headers["authorization"].partition(",")[0].partition("=")[2]
        form = {name: value for name, [value] in parse_qs(body).items()}
        self.server.asked.append((self.command, self.path, headers, form))
        status, text = self.server.reply(self.command, self.path, form)
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_arguments):
        pass


def reply(command, path, form):
    if path == "/latest/api/token":
        return 200, "IMDSTOKEN"
    if path.endswith("/security-credentials/"):
        return 200, "my-role"
    if path.endswith("/my-role"):
        return 200, JSON % (("EC2",) * 3)
    if path.startswith("/v1/credentials"):
        return 200, JSON % (("ECS",) * 3)
    if form.get("Action", "").startswith("AssumeRole"):
        return 200, XML.format(form["Action"])
    return 404, ""


@pytest.fixture
def recorder():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.asked, server.reply = [], reply
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class World:
    def __init__(self, recorder, tmp_path, monkeypatch):
        self.recorder, self.path, self.monkeypatch = recorder, tmp_path, monkeypatch
        self.variables = {"HOME": str(tmp_path), "AWS_EC2_METADATA_SERVICE_ENDPOINT": recorder.url + "/",
                          "AWS_ENDPOINT_URL_STS": recorder.url}
        (tmp_path / ".aws").mkdir()

    def file(self, name, text):
        path = self.path / name
        path.write_text(text)
        return str(path)

    def ours(self, *arguments):
        """What we come to, and what was asked."""
        self.recorder.asked.clear()
        inherited = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("AWS_")}
        done = subprocess.run([ENGINE, *arguments], env={**inherited, **self.variables}, capture_output=True, text=True,
                              timeout=60)
        fields = done.stdout.rstrip("\n").split("\t")
        return (fields[:3] if done.returncode == 0 else None), list(self.recorder.asked), done.stderr

    def theirs(self, profile=None):
        self.recorder.asked.clear()
        for name in list(ENVIRONMENT):
            if name.startswith("AWS_") or "proxy" in name.lower():
                self.monkeypatch.delenv(name, raising=False)
        for name, value in self.variables.items():
            self.monkeypatch.setenv(name, value)
        own = session.Session(profile=profile)
        create = own.create_client  # botocore 1.29 does not know AWS_ENDPOINT_URL_STS
        own.create_client = lambda service, **more: create(service, endpoint_url=self.recorder.url, **more)
        found = own.get_credentials()
        frozen = found and found.get_frozen_credentials()
        keys = frozen and [frozen.access_key, hashlib.sha256(frozen.secret_key.encode()).hexdigest(), frozen.token or ""]
        return keys, list(self.recorder.asked)

    def compare(self, profile=None):
        """Asks both; returns the access key and what we asked."""
        ours, our_requests, error = self.ours(*([profile] if profile else []))
        theirs, their_requests = self.theirs(profile)
        assert ours == theirs, error

        def comparable(requests):
            # The name of a session is the client's own, unless it was given.
            return [(*rest, {name: value for name, value in form.items()
                             if name != "RoleSessionName" or value == "given"}) for *rest, form in requests]
        assert comparable(our_requests) == comparable(their_requests)
        return ours and ours[0], our_requests


@pytest.fixture
def world(recorder, tmp_path, monkeypatch):
    return World(recorder, tmp_path, monkeypatch)


def test_environment(world):
    world.variables.update(AWS_ACCESS_KEY_ID="AKIAENV", AWS_SECRET_ACCESS_KEY="s", AWS_SESSION_TOKEN="t")
    assert world.compare() == ("AKIAENV", [])


def test_shared_files(world):
    world.file(".aws/config", "[default]\naws_access_key_id=CONF\naws_secret_access_key=c\n[profile p]\n"
               "aws_access_key_id=P\naws_secret_access_key=p\n")
    assert world.compare()[0] == "CONF"
    world.file(".aws/credentials", "[default]\naws_access_key_id = CRED\naws_secret_access_key = d\n")
    assert world.compare()[0] == "CRED"
    world.variables.update(AWS_ACCESS_KEY_ID="AKIAENV", AWS_SECRET_ACCESS_KEY="s", AWS_PROFILE="p")
    assert world.compare()[0] == "AKIAENV"
    assert world.compare("p")[0] == "P"


def test_program(world):
    script = world.file("tell me.py", 'import sys\nprint(\'{"Version":1,"AccessKeyId":"P\' + sys.argv[1] + '
                        f'\'","SecretAccessKey":"s","SessionToken":"t","Expiration":"{EXPIRES}"}}\')\n')
    world.file(".aws/config", f"[default]\ncredential_process = /usr/bin/python3 {shlex.quote(script)} \"a b\"\n")
    assert world.compare()[0] == "Pa b"


def test_instance(world):
    key, asked = world.compare()
    assert key == "ASIAEC2" and [request[0] for request in asked] == ["PUT", "GET", "GET"]


@pytest.mark.parametrize("status", [403, 404, 405])
def test_instance_of_version_1(world, status):
    world.recorder.reply = lambda command, path, form: (status, "") if command == "PUT" else reply(command, path, form)
    assert world.compare()[0] == "ASIAEC2"


def test_instance_without_a_role(world):
    world.recorder.reply = lambda command, path, form: reply(command, path, form) if command == "PUT" else (404, "")
    assert world.compare()[0] is None


def test_container(world):
    world.variables.update(AWS_CONTAINER_CREDENTIALS_FULL_URI=world.recorder.url + "/v1/credentials?a=b",
                           AWS_CONTAINER_AUTHORIZATION_TOKEN="Token as it is")
    key, [request] = world.compare()
    assert key == "ASIAECS"
    assert request == ("GET", "/v1/credentials?a=b", {"authorization": "Token as it is"}, {})


def test_web_identity(world):
    token = world.file("token", "eyJ.a+b/c=")
    world.variables.update(AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN="arn:aws:iam::1:role/r",
                           AWS_ROLE_SESSION_NAME="given")
    world.file(".aws/credentials", "[default]\naws_access_key_id = CRED\naws_secret_access_key = d\n")
    key, [request] = world.compare()
    assert key == "ASIASTS" and "authorization" not in request[2]
    assert request[3]["WebIdentityToken"] == "eyJ.a+b/c="


def test_roles_of_profiles(world):
    world.variables["AWS_REGION"] = world.variables["AWS_DEFAULT_REGION"] = "eu-west-1"
    world.file(".aws/config", "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\nexternal_id = x y\n"
               "duration_seconds = 900\nrole_session_name = given\n[profile b]\nrole_arn = arn:aws:iam::1:role/b\n"
               "source_profile = c\n[profile e]\nrole_arn = arn:aws:iam::1:role/e\ncredential_source = Ec2InstanceMetadata\n")
    world.file(".aws/credentials", "[c]\naws_access_key_id = AKIAC\naws_secret_access_key = d\n")
    key, asked = world.compare("a")
    assert key == "ASIASTS"
    assert [request[2]["authorization"].split("/")[0] for request in asked] == ["AKIAC", "ASIASTS"]
    assert asked[1][3] == {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/a",
                           "RoleSessionName": "given", "ExternalId": "x y", "DurationSeconds": "900"}
    assert world.compare("e")[0] == "ASIASTS"


def test_single_sign_on_is_refused_by_name(world):
    world.file(".aws/config", "[profile s]\nsso_session = x\n")
    found, asked, error = world.ours("s")
    assert found is None and asked == []
    assert error.startswith('profile "s": sso_session: single sign-on wants a person')
