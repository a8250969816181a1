# SPDX-License-Identifier: Apache-2.0
"""qtap.s3: signing without a session."""
import threading

import pytest
import qtap
from qtap import s3

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
MAY_2013 = 1369353600
HOST = "https://examplebucket.s3.amazonaws.com"


def example_signer(**options):
    return s3.Signer("AKIAIOSFODNN7EXAMPLE", SECRET, region="us-east-1", **options)


def test_the_example_of_amazons_documentation():
    made = example_signer().sign("GET", HOST + "/test.txt", {"Range": "bytes=0-9"}, time=MAY_2013)
    assert made.signature == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert made.signed_headers == "host;range;x-amz-content-sha256;x-amz-date"
    assert list(made.headers) == ["x-amz-date", "x-amz-content-sha256", "authorization"]
    assert made.headers["authorization"].endswith(made.signature)
    assert made.canonical_request.startswith("GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\n")
    assert made.string_to_sign.startswith("AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n")
    assert made.url == HOST + "/test.txt"


def test_a_link():
    made = example_signer().presign("GET", HOST + "/test.txt", expires=86400, time=MAY_2013)
    assert made.signature == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    assert made.url == HOST + made.target and made.url.endswith("&X-Amz-Signature=" + made.signature)
    assert made.headers == {}


def test_a_target_alone_wants_its_host():
    made = example_signer().sign("GET", "/a?b=http://c", [("Host", "h")], time=MAY_2013)
    assert (made.url, made.target) == (None, "/a?b=http://c")
    with pytest.raises(qtap.QtapError, match="QT151: sign: headers: Host is missing"):
        example_signer().sign("GET", "/a")


@pytest.mark.parametrize("payload, trailers", [
    ("signed-chunks", {}), ("signed-chunks-trailer", {"x-amz-checksum-crc32": "AAAAAA=="}),
    ("unsigned-chunks-trailer", {"x-amz-checksum-crc32": "AAAAAA=="})])
def test_a_body_of_chunks_has_the_length_that_was_told(payload, trailers):
    signer, body = example_signer(), bytes(range(256)) * 400
    made = signer.sign("PUT", HOST + "/a", payload=payload, decoded_length=len(body), trailers=list(trailers), time=MAY_2013)
    assert made.headers["x-amz-decoded-content-length"] == str(len(body))
    chunks = signer.chunks(made, 8192)
    sent = b"".join(chunks.data(body[at:at + 5000]) for at in range(0, len(body), 5000)) + chunks.end(trailers)
    assert len(sent) == s3.chunked_length(payload, len(body), 8192, trailers)
    assert sent.startswith(b"2000;chunk-signature=" if payload != "unsigned-chunks-trailer" else b"2000\r\n")
    with pytest.raises(qtap.QtapError, match="QT152: encode chunks: the body has ended"):
        chunks.data(b"x")


def test_errors_say_what_and_where_but_no_secret():
    with pytest.raises(qtap.QtapError, match="QT150: make a signer: region: byte 0: is empty") as error:
        s3.Signer("AKID", SECRET, region="")
    assert error.value.name == "QTAP_ERR_INVALID"
    with pytest.raises(qtap.QtapError) as error:
        s3.Signer("AKID", SECRET, region="r", session_token=f"{SECRET}\n")
    assert error.value.text == f"QT150: make a signer: session token: byte {len(SECRET)}: a blank or control character"
    with pytest.raises(qtap.QtapError) as error:
        example_signer().sign("PUT", HOST + "/a", {"X-Key": f"{SECRET}\r\n"})
    assert error.value.text == f"QT151: sign: header 1 (X-Key): byte {len(SECRET)}: a control character, which no header may hold"
    with pytest.raises(qtap.QtapError, match="expiry: 604801 s is not between 1 and 604800"):
        example_signer().presign("GET", HOST + "/a", expires=604801)
    with pytest.raises(ValueError, match="expected one of signed, unsigned"):
        example_signer().sign("PUT", HOST + "/a", payload="other")


def test_flags():
    path = "/a/../b%20c"
    def path_of(**options):
        return s3.Signer("A", "S", "r", service="x", **options).sign("GET", "https://h" + path).canonical_request.split("\n")[1]
    assert path_of() == "/b%2520c"
    assert path_of(keep_path=True) == "/a/../b%2520c"
    assert path_of(encode_once=True) == "/b%20c"
    assert path_of(rules="s3") == path
    plain = s3.Signer("A", "S", "r", service="x").sign("GET", "https://h/")
    hashed = s3.Signer("A", "S", "r", service="x", content_sha256=True).sign("GET", "https://h/")
    assert "x-amz-content-sha256" not in plain.headers and "x-amz-content-sha256" in hashed.headers
    late = example_signer(session_token="T", late_token=True).sign("GET", HOST + "/a")
    assert late.headers["x-amz-security-token"] == "T" and "token" not in late.signed_headers


def test_threads_share_a_signer():
    signer, wrong = example_signer(), []
    expected = {day: example_signer().sign("GET", HOST + "/a", time=day * 86400).signature for day in range(20)}

    def sign():
        for day, signature in list(expected.items()) * 5:
            if signer.sign("GET", HOST + "/a", time=day * 86400).signature != signature:
                wrong.append(day)
    threads = [threading.Thread(target=sign) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
