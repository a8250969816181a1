# SPDX-License-Identifier: Apache-2.0
"""The openssl of other Debian releases at both ends: its probes are where they are cheap, and its bytes are exact."""
import shutil
import subprocess

import pytest
from harness import BUILD, HERE, Process, body_of, curl, objects_in
from http_server import pattern

pytestmark = pytest.mark.live

SUITES = {"bullseye": ("1.1.1", "openssl", "libssl1.1", "libc6"),
          "trixie": ("3.5", "openssl", "libssl3t64", "libc6", "zlib1g", "libzstd1")}
SIZE = 300_000


def root_of(suite, version, *packages):
    """A folder to chroot to; kept with the build, so that it is fetched once."""
    root = BUILD / "other-openssl" / suite
    if not (root / "ready").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        done = subprocess.run([HERE / "other_openssl.sh", root, suite, *packages], capture_output=True, text=True,
                              timeout=300)
        if done.returncode != 0:
            pytest.skip(f"OpenSSL {version} of Debian {suite}: {(done.stdout.splitlines() or ['?'])[-1]}")
        (root / "ready").touch()
    return root


@pytest.mark.parametrize("suite", SUITES)
def test_the_openssl_of_another_release(suite, agent, cert, servers):
    version, *packages = SUITES[suite]
    root = root_of(suite, version, *packages)
    openssl = ["chroot", root, "/usr/bin/openssl"]
    assert subprocess.run([*openssl, "version"], capture_output=True, text=True).stdout.startswith(f"OpenSSL {version}")
    for file in (cert.cert, cert.key):
        shutil.copy(file, root)
    (root / "answer").write_bytes(pattern(SIZE))
    running = agent()

    # A server that uses libssl through BIO_f_ssl.
    with Process([*openssl, "s_server", "-accept", "127.0.0.1:0", "-cert", cert.cert.name, "-key", cert.key.name,
                  "-WWW"]) as server:
        port = int(server.wait_for_line(server.out, r"^ACCEPT .*:(\d+)$").group(1))
        ssl = running.wait_for_line(running.err, rf"attached openssl: {root}.*/libssl.*").group()
        crypto = running.wait_for_line(running.err, rf"attached openssl: {root}.*/libcrypto.*").group()
        assert "workers" in ssl and "slow" not in ssl
        assert "memory BIOs" in crypto
        url = f"https://localhost:{port}/answer"
        assert curl(url, cert=cert.cert)[1] == pattern(SIZE)
        running.wait_for_requests(url, 2)

    other = servers["python"].url(f"/bytes/{SIZE}")
    with Process([*openssl, "s_client", "-quiet", "-no_ign_eof", "-verify_quiet", "-servername", "localhost",
                  "-connect", f"127.0.0.1:{servers['python'].port}"], stdin=subprocess.PIPE) as client:
        client.write_stdin(f"GET /bytes/{SIZE} HTTP/1.1\r\nHost: localhost:{servers['python'].port}\r\n"
                           "Connection: close\r\n\r\n")
        client.wait()
    running.wait_for_requests(other, 2)

    assert running.stop() == 0, running.err
    objects = [one for one in objects_in(running.objects_dir) if one["request"]["url"] in (url, other)]
    assert len(objects) == 4
    for one in objects:
        assert "truncated" not in one
        assert body_of(one["response"]) == pattern(SIZE)
    ends = [event["tlsState"] for event in running.events("connection") if event["finalized"] and "tlsState" in event]
    assert ends.count("decrypted") >= 4 and "joinedLate" not in str(running.out)
