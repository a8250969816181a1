# SPDX-License-Identifier: Apache-2.0
"""botocore's own signers and ours, asked the same: canonical request, string to sign and signature, by S3's rules."""
import datetime
import hashlib
import random
import string
from urllib.parse import quote, urlsplit

import pytest
from qtap import s3

auth = pytest.importorskip("botocore.auth", reason="python3-botocore is not installed (tests/install-deps.sh test)")
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

CASES = 500
# Whole characters of one to four bytes, and those that mean something to a path, a query or a header.
ALPHABET = string.ascii_letters + string.digits + "-_.~ !\"$'()*,:;<=>@[\\]^`{|}&+?#%/" + "äß€𝄞"
# botocore 1.29 knows fewer headers than today's that are never signed: those it knows.
UNSIGNED = ["Expect", "User-Agent", "X-Amzn-Trace-Id"]


class FixedTime(datetime.datetime):
    now_is = datetime.datetime(2026, 11, 28, 17, 1, 28)

    @classmethod
    def utcnow(cls):
        return cls.now_is


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(auth.datetime, "datetime", FixedTime)
    return FixedTime


def text(rng, length, alphabet=ALPHABET):
    return "".join(rng.choices(alphabet, k=rng.randrange(length + 1)))


def question(rng):
    """Method, URL, headers and body of a request that S3 could get."""
    key = "/".join(text(rng, 12) for _ in range(rng.randrange(1, 6)))
    parameters = {text(rng, 6, string.ascii_lowercase + "-é ") + str(i): text(rng, 8) for i in range(rng.randrange(4))}
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in parameters.items())
    host = rng.choice(["bucket.s3.eu-central-1.amazonaws.com", "127.0.0.1:9000", "minio.internal"])
    url = f"{rng.choice(['http', 'https'])}://{host}/{quote(key, safe='/~')}" + (f"?{query}" if query else "")
    headers = {f"X-Amz-Meta-{i}": text(rng, 20, string.ascii_letters + "   \t=;,") for i in range(rng.randrange(4))}
    headers.update({name: "x" for name in UNSIGNED if rng.random() < 0.3})
    if rng.random() < 0.5:
        headers["Content-Type"] = "application/json"
    body = rng.randbytes(rng.randrange(200)) if rng.random() < 0.7 else b""
    return rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"]), url, headers, body


def theirs(signer, request):
    """Their three texts, by their own steps."""
    texts = {}
    for name in ("canonical_request", "string_to_sign", "signature"):
        def keep(*arguments, _name=name, _call=getattr(signer, name)):
            texts[_name] = _call(*arguments)
            return texts[_name]
        setattr(signer, name, keep)
    signer.add_auth(request)
    return texts


def compare(made, texts):
    assert {name: getattr(made, name) for name in texts} == texts


def host_header(url):
    # botocore leaves default ports out; so does who sends the request.
    return {"host": urlsplit(url).netloc}


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE//////////wEaDH+token/with=signs=="])
def test_headers(clock, token):
    rng = random.Random(1 if token else 2)
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    ours = s3.Signer(credentials.access_key, credentials.secret_key, "eu-central-1", session_token=token)
    for number in range(CASES):
        clock.now_is += datetime.timedelta(seconds=rng.randrange(200_000))
        method, url, headers, body = question(rng)
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        texts = theirs(auth.S3SigV4Auth(credentials, "s3", "eu-central-1"), request)
        time = int(clock.now_is.replace(tzinfo=datetime.timezone.utc).timestamp())
        given = {} if number % 2 else {"payload_hash": hashlib.sha256(body).hexdigest()}
        made = ours.sign(method, url, {**host_header(url), **headers}, b"" if given else body, time=time, **given)
        compare(made, texts)
        for name, value in made.headers.items():
            assert request.headers[name] == value


def test_streams_with_trailers(clock):
    credentials = Credentials("AKIDEXAMPLE", "secret")
    request = AWSRequest(method="PUT", url="https://b.example/k", data=b"", headers={
        "Content-Encoding": "aws-chunked", "X-Amz-Trailer": "x-amz-checksum-crc32", "X-Amz-Decoded-Content-Length": "3"})
    request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
    texts = theirs(auth.S3SigV4Auth(credentials, "s3", "us-east-1"), request)
    made = s3.Signer("AKIDEXAMPLE", "secret", "us-east-1").sign(
        "PUT", "https://b.example/k", payload="unsigned-chunks-trailer", decoded_length=3, trailers=["x-amz-checksum-crc32"],
        time=int(clock.now_is.replace(tzinfo=datetime.timezone.utc).timestamp()))
    compare(made, texts)


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE//////////wEaDH+token/with=signs=="])
def test_links(clock, token):
    rng = random.Random(3 if token else 4)
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    ours = s3.Signer(credentials.access_key, credentials.secret_key, "eu-central-1", session_token=token)
    for _ in range(CASES):
        clock.now_is += datetime.timedelta(seconds=rng.randrange(200_000))
        method, url, headers, _body = question(rng)
        expires = rng.randrange(1, 604_801)
        request = AWSRequest(method=method, url=url, headers=headers)
        texts = theirs(auth.S3SigV4QueryAuth(credentials, "s3", "eu-central-1", expires), request)
        time = int(clock.now_is.replace(tzinfo=datetime.timezone.utc).timestamp())
        made = ours.presign(method, url, expires, {**host_header(url), **headers}, time=time)
        compare(made, texts)


def test_other_services(clock):
    rng = random.Random(5)
    credentials = Credentials("AKIDEXAMPLE", "secret")
    ours = s3.Signer("AKIDEXAMPLE", "secret", "us-east-1", service="sts")
    for _ in range(CASES):
        method, url, headers, body = question(rng)
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        texts = theirs(auth.SigV4Auth(credentials, "sts", "us-east-1"), request)
        time = int(clock.now_is.replace(tzinfo=datetime.timezone.utc).timestamp())
        compare(ours.sign(method, url, {**host_header(url), **headers}, body, time=time), texts)
