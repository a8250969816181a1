# SPDX-License-Identifier: Apache-2.0
"""Bodies with content codings over HTTP/2 and TLS, on parallel streams, one coding unknown (spec/acceptance.md, M3): all
complete, stored as sent, decoded for whoever asks."""
import gzip
import shutil
import subprocess
import zlib

import pytest
from harness import Agent, body_of, run_client, sha256
from listeners import nginx

pytestmark = pytest.mark.live

TEXT = b"".join(b"line %d of what the server says\n" % i for i in range(3000))
UNKNOWN = bytes(range(256)) * 8


def filtered(*argv):
    """What a program makes of the text; None: it is not installed."""
    if not shutil.which(argv[0]):
        return None
    return subprocess.run(argv, input=TEXT, capture_output=True, check=True, timeout=60).stdout


def coded_files():
    """name -> (Content-Encoding, bytes as sent)"""
    brotli = "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))"
    files = {"gzip": ("gzip", gzip.compress(TEXT)), "zlib": ("deflate", zlib.compress(TEXT)),
             "bare": ("deflate", zlib.compress(TEXT)[2:-4]), "both": ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
             "exi": ("exi", UNKNOWN), "br": ("br", filtered("node", "-e", brotli)), "zstd": ("zstd", filtered("zstd", "-c"))}
    return {name: (coding, sent) for name, (coding, sent) in files.items() if sent}


@pytest.fixture
def coding_server(tmp_path, cert):
    files = coded_files()
    (tmp_path / "files").mkdir()
    for name, (_, sent) in files.items():
        (tmp_path / "files" / name).write_bytes(sent)
    locations = "".join(f'location = /{name} {{ alias {tmp_path}/files/{name}; default_type text/plain; '
                        f'add_header Content-Encoding "{coding}"; }}' for name, (coding, _) in files.items())
    process, server = nginx(tmp_path, cert, "TLSv1.3", listen="http2", locations=locations)
    with process:
        yield server, files


def get_all(server, names):
    """One connection, a stream for each."""
    urls = [server.url(f"/{name}") for name in names]
    discard = [arg for _ in urls for arg in ("-o", "/dev/null")]
    run_client(["/usr/bin/curl", "-sS", "--http2", "--cacert", server.cert, "--max-time", "60", "--parallel", *discard, *urls])
    return urls


@pytest.mark.parametrize("decodes", [False, True], ids=["as sent", "decoded"])
def test_objects_hold_what_was_sent_or_its_text(decodes, coding_server, agent):
    server, files = coding_server
    running = agent("--set", f"stacks.basic_reporting.plugins[0].config.decode_body={str(decodes).lower()}")
    for url in get_all(server, files):
        running.wait_for_requests(url, 2)
    requests, objects = running.finish(server)

    assert len(objects) == 2 * len(files)
    assert {request["protocol"] for request in requests} == {"http2"}
    assert not any("truncated" in one for one in requests + objects)
    for one in objects:
        name = one["request"]["path"].strip("/")
        coding, sent = files[name]
        response = one["response"]
        is_decoded = decodes and coding != "exi"
        assert sha256(body_of(response)) == sha256(TEXT if is_decoded else sent), name
        assert response.get("body_encoding") == ("decoded" if is_decoded else None)
        assert response.get("body_decode_state") == ("unsupported" if decodes and not is_decoded else None)
        assert response["headers"]["Content-Encoding"] == coding
        assert response["body_bytes"] == len(sent)


def test_the_console_shows_the_text(coding_server):
    server, files = coding_server
    with Agent("-vv", as_json=False) as running:
        get_all(server, files)
        lines = TEXT.decode().splitlines()
        # The text of each coding, at both ends.
        running.wait_for("the texts", lambda: running.out.count(lines[-1]) >= 2 * (len(files) - 1))
        running.wait_for("the unknown one", lambda: running.out.count('Decoding: unsupported, decode a body: content coding '
                                                                      '"exi" is none of gzip, deflate, br, zstd, identity; '
                                                                      "use the bytes as sent") >= 2)
        assert running.out.count(lines[0]) == running.out.count(lines[1500]) == 2 * (len(files) - 1)
        assert running.stop() == 0
