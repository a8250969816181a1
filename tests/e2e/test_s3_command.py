# SPDX-License-Identifier: Apache-2.0
"""qtap-mini s3: signs with the credentials of the environment, and says what is wrong without telling them."""
import subprocess

from harness import ENVIRONMENT, QTAP_MINI

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
HOST = "https://examplebucket.s3.amazonaws.com"
MAY_2013 = "1369353600"


def s3(*args, stdin=None, **environment):
    return subprocess.run([QTAP_MINI, "s3", *args], input=stdin, capture_output=True, text=True, timeout=30,
                          env={**ENVIRONMENT, **KEYS, **environment})


def test_headers_of_the_example_of_amazons_documentation():
    result = s3("sign", "--time", MAY_2013, "--header", "Range: bytes=0-9", HOST + "/test.txt")
    assert (result.returncode, result.stderr) == (0, "")
    name, _, value = result.stdout.splitlines()[-1].partition(": ")
    assert name == "authorization"
    assert value.endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


def test_every_text_on_request():
    result = s3("sign", "--time", MAY_2013, "--show", "--body", "-", HOST + "/test.txt", stdin="x", AWS_SESSION_TOKEN="T")
    assert result.returncode == 0, result.stderr
    assert "canonical request:\nPUT\n/test.txt\n\nhost:examplebucket" in result.stderr
    assert "string to sign:\nAWS4-HMAC-SHA256\n20130524T000000Z\n" in result.stderr
    assert "x-amz-security-token: T\n" in result.stdout
    assert SECRET not in result.stdout + result.stderr


def test_a_link():
    result = s3("presign", "--time", MAY_2013, "--expires", "86400", HOST + "/test.txt")
    assert result.stdout.startswith(HOST + "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert result.stdout.endswith("=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404\n")


def test_mistakes():
    for args, code, text in [
            (["sign", "bucket/key"], 2, "the URL wants http:// or https://, and a host; see qtap-mini s3 --help"),
            (["make", HOST], 2, 's3 wants "sign URL" or "presign URL"; see qtap-mini s3 --help'),
            (["sign", "--header", "x", HOST], 2, '--header wants "NAME: VALUE"; see qtap-mini s3 --help'),
            (["sign", HOST + "/a%2"], 1, "QT151: sign: target: byte 2: % without two hex digits; write %25 for %"),
            (["presign", "--expires", "0", HOST], 1, "QT151: sign: expiry: 0 s is not between 1 and 604800"),
            (["sign", "--body", "/none", HOST], 1, "read /none: No such file or directory")]:
        result = s3(*args)
        assert (result.returncode, result.stdout) == (code, ""), args
        assert text in result.stderr and SECRET not in result.stderr
    result = s3("sign", HOST, AWS_SECRET_ACCESS_KEY="")
    assert result.returncode == 1 and "QT150: make a signer: secret key: is empty" in result.stderr
