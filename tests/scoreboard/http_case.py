# SPDX-License-Identifier: Apache-2.0
"""nginx and curl: real programs, which know nothing of oracles. The truth is what curl says that it sent and got."""
import hashlib
import pathlib
import re
import secrets
import signal
import tempfile

from compare import NONCE_BYTES, Truth
from harness import curl_logged
from listeners import nginx

# The nonce of an answer is in a header field, looked up by that of the request: they must differ.
HTTP = """server_tokens off; etag off; client_max_body_size 0;
  map $arg_n $nonce {{ {nonces} }}
  add_header X-Nonce $nonce always;"""
LOCATIONS = 'location /upload { return 200 "thanks"; }'


def nonce():
    return secrets.token_hex(NONCE_BYTES // 2)


def run_curl(url, cert, upload):
    """(pid, "ip:port" of its end, bytes sent, bytes got)"""
    with tempfile.TemporaryDirectory() as folder:
        out, body = pathlib.Path(folder) / "out", pathlib.Path(folder) / "body"
        flags = ["-v", "-i", "-o", out, "-w", "%{local_ip}:%{local_port}"]
        if upload:
            body.write_bytes(upload)
            flags += ["-H", "Expect:", "--data-binary", f"@{body}"]
        pid, local, log = curl_logged(url, *flags, cert=cert.cert)
        head = b"".join(line[2:] + b"\r\n" for line in log.splitlines() if line.startswith(b"> "))
        return pid, local.decode(), head + upload, out.read_bytes()


def truths(client, server_pid, local, remote, sent, got, nonces):
    ends = ((client, local, remote, ("sent", "received")), (server_pid, remote, local, ("received", "sent")))
    for pid, here, there, (direction_sent, direction_got) in ends:
        for direction, data, one in ((direction_sent, sent, nonces[0]), (direction_got, got, nonces[1])):
            yield Truth(pid, here, there, direction, one, len(data), hashlib.sha256(data).hexdigest(), data=data)


def run_http(case, cert, start):
    """As drive.run_oracles()."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "files").mkdir()
        wanted = [(f"files/{size}", b"", (nonce(), nonce())) for size in case.sizes]
        wanted += [("upload", secrets.token_bytes(size), (nonce(), nonce())) for size in case.sizes]
        for size in case.sizes:
            (folder / "files" / str(size)).write_bytes(secrets.token_bytes(size))
        http = HTTP.format(nonces=" ".join(f"{n[0]} {n[1]};" for *_, n in wanted))
        contender, found = start(), []
        try:
            process, server = nginx(folder, cert, protocols="TLSv1.2 TLSv1.3", http=http, locations=LOCATIONS)
            with process:
                for path, upload, nonces in wanted:
                    pid, local, sent, got = run_curl(server.url(f"/{path}?n={nonces[0]}"), cert, upload)
                    if not re.search(rb"X-Nonce: " + nonces[1].encode(), got):
                        raise RuntimeError(f"nginx answered {got[:200]!r}")
                    found += truths(pid, server.pid, local, f"127.0.0.1:{server.port}", sent, got, nonces)
                # It answers an upload before it has read all of it; only so does it read the rest.
                process.stop(signal.SIGQUIT)
        finally:
            contender.stop()
        return found, contender, None
