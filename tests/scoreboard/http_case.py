# SPDX-License-Identifier: Apache-2.0
"""nginx and curl: real programs, which know nothing of oracles. The truth is what curl says that it sent and got."""
import hashlib
import pathlib
import re
import secrets
import socket
import subprocess
import tempfile

from compare import NONCE_BYTES, Truth
from drive import Process
from harness import DEADLINE_S, ENVIRONMENT

# The nonce of an answer is in a header field, looked up by that of the request: they must differ.
CONF = """
daemon off;
worker_processes 1;
user root;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 128; }}
http {{
  access_log off; server_tokens off; etag off; sendfile off; client_max_body_size 0;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  map $arg_n $nonce {{ {nonces} }}
  add_header X-Nonce $nonce always;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {cert.cert}; ssl_certificate_key {cert.key}; ssl_protocols TLSv1.2 TLSv1.3;
    location /files/ {{ alias {folder}/files/; }}
    location /upload {{ return 200 "thanks"; }}
  }}
}}
"""


def free_port():
    """nginx cannot pick one itself; it says so if somebody else takes it meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def nonce():
    return secrets.token_hex(NONCE_BYTES // 2)


def run_curl(url, cert, upload):
    """(pid, "ip:port" of its end, bytes sent, bytes got)"""
    with tempfile.TemporaryDirectory() as folder:
        out, body = pathlib.Path(folder) / "out", pathlib.Path(folder) / "body"
        argv = ["curl", "-sS", "-v", "-i", "--http1.1", "--max-time", DEADLINE_S, "--cacert", cert.cert, "-o", out,
                "-w", "%{local_ip}:%{local_port}", url]
        if upload:
            body.write_bytes(upload)
            argv += ["-H", "Expect:", "--data-binary", f"@{body}"]
        process = subprocess.Popen([str(arg) for arg in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        try:
            local, log = process.communicate(timeout=DEADLINE_S)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode != 0:
            raise RuntimeError(f"curl: {log[-500:]}")
        head = "".join(line[2:].rstrip("\r\n") + "\r\n" for line in log.splitlines() if line.startswith("> "))
        return process.pid, local, head.encode() + upload, out.read_bytes()


def truths(client, server_pid, local, remote, sent, got, nonces):
    ends = ((client, local, remote, ("sent", "received")), (server_pid, remote, local, ("received", "sent")))
    for pid, here, there, (direction_sent, direction_got) in ends:
        for direction, data, one in ((direction_sent, sent, nonces[0]), (direction_got, got, nonces[1])):
            yield Truth(pid, here, there, direction, one, len(data), hashlib.sha256(data).hexdigest(), data=data)


def run_http(case, cert, start):
    """As drive.run_oracles()."""
    with tempfile.TemporaryDirectory() as folder:
        files, port = pathlib.Path(folder) / "files", free_port()
        files.mkdir()
        wanted = [(f"files/{size}", size, b"", (nonce(), nonce())) for size in case.sizes]
        wanted += [("upload", 0, secrets.token_bytes(size), (nonce(), nonce())) for size in case.sizes]
        for size in case.sizes:
            (files / str(size)).write_bytes(secrets.token_bytes(size))
        (pathlib.Path(folder) / "nginx.conf").write_text(CONF.format(
            folder=folder, port=port, cert=cert, nonces=" ".join(f"{n[0]} {n[1]};" for *_, n in wanted)))
        contender, found = start(), []
        try:
            with Process(["/usr/sbin/nginx", "-e", "stderr", "-c", f"{folder}/nginx.conf"]) as nginx:
                worker = int(nginx.wait_for_line(nginx.err, r"start worker process (\d+)").group(1))
                for path, _, upload, nonces in wanted:
                    url = f"https://localhost:{port}/{path}?n={nonces[0]}"
                    pid, local, sent, got = run_curl(url, cert, upload)
                    if not re.search(rb"X-Nonce: " + nonces[1].encode(), got):
                        raise RuntimeError(f"nginx answered {got[:200]!r}")
                    found += truths(pid, worker, local, f"127.0.0.1:{port}", sent, got, nonces)
        finally:
            contender.stop()
        return found, contender, None
