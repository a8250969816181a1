# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests. Live tests skip, with the reason, where the kernel cannot be asked."""
import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "servers"))

from harness import BUILD, HERE, PYTHON, Agent, Process  # noqa: E402

# linux/capability.h
CAP_PERFMON, CAP_BPF = 38, 39


def why_not_live():
    if not (BUILD / "bpf" / "qtap.bpf.o").exists():
        return "this build has no live source (-Dbpf=disabled)"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF"
    with open("/proc/self/status", encoding="ascii") as status:
        effective = int(next(line for line in status if line.startswith("CapEff:")).split()[1], 16)
    if not (effective >> CAP_BPF & 1 and effective >> CAP_PERFMON & 1):
        return "needs CAP_BPF and CAP_PERFMON: run as root"
    return ""


def pytest_configure(config):
    config.addinivalue_line("markers", "live: captures from the real kernel")


def pytest_collection_modifyitems(items):
    reason = why_not_live()
    for item in items:
        if reason and item.get_closest_marker("live"):
            item.add_marker(pytest.mark.skip(reason="live: " + reason))


@dataclass
class Cert:
    cert: pathlib.Path
    key: pathlib.Path


@pytest.fixture(scope="session")
def cert(tmp_path_factory):
    """A throw-away certificate for localhost."""
    folder = tmp_path_factory.mktemp("cert")
    pair = Cert(folder / "cert.pem", folder / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", pair.key, "-out", pair.cert], check=True, capture_output=True)
    return pair


@dataclass
class Server:
    """Something that listens: `pid` is the process that reads and writes the connections."""
    pid: int
    exe: str
    port: int
    scheme: str
    cert: pathlib.Path | None
    tls_version: int = 772

    def url(self, path):
        return f"{self.scheme}://localhost:{self.port}{path}"


NGINX_CONF = """
daemon off;
worker_processes 1;
user root;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 128; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  sendfile off;
  server {{
    listen 127.0.0.1:{port} {ssl};
    {certificates}
    location / {{ default_type text/plain; return 200 "hello\\n"; }}
    location /files/ {{ alias {folder}/files/; }}
  }}
}}
"""


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(folder, cert):
    port = free_port()  # nginx cannot pick one itself; it says so if somebody else takes it meanwhile
    (folder / "files").mkdir()
    # TLS 1.2 here, 1.3 elsewhere.
    certificates = (f"ssl_certificate {cert.cert}; ssl_certificate_key {cert.key}; ssl_protocols TLSv1.2;"
                    if cert else "")
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=port, certificates=certificates,
                                                         ssl="ssl" if cert else ""))
    process = Process(["/usr/sbin/nginx", "-e", "stderr", "-c", folder / "nginx.conf"])
    try:
        worker = int(process.wait_for_line(process.err, r"start worker process (\d+)").group(1))
    except BaseException:
        process.stop()
        raise
    return process, Server(worker, "/usr/sbin/nginx", port, "https" if cert else "http", cert and cert.cert,
                           tls_version=771)


def s_server(cert, *flags, **more):
    process = Process(["/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", cert.cert, "-key", cert.key,
                       *flags], **more)
    port = int(process.wait_for_line(process.out, r"^ACCEPT .*:(\d+)$").group(1))
    return process, Server(process.pid, "/usr/bin/openssl", port, "https", cert.cert)


def answering_s_server(cert):
    """s_server sends its client what it reads on stdin: here one answer for each GET that it prints."""
    process, server = s_server(cert, stdin=subprocess.PIPE)
    answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"

    def on_line(line):
        if line.startswith("GET /"):
            process.write_stdin(answer)

    process.on_line = on_line
    return process, server


def python_server(cert):
    argv = [PYTHON, HERE / "servers" / "http_server.py"] + ([cert.cert, cert.key] if cert else [])
    process = Process(argv)
    port = int(process.wait_for_line(process.out, r"^port (\d+)$").group(1))
    return process, Server(process.pid, os.path.realpath(PYTHON), port, "https" if cert else "http",
                           cert and cert.cert)


@pytest.fixture(scope="session")
def servers(cert, tmp_path_factory):
    """name -> Server; all run during the whole test run."""
    running = {
        "nginx": nginx(tmp_path_factory.mktemp("nginx"), cert),
        "nginx-plain": nginx(tmp_path_factory.mktemp("nginx-plain"), None),
        "s_server": answering_s_server(cert),
        "s_server -www": s_server(cert, "-www"),
        "python": python_server(cert),
        "python-plain": python_server(None),
    }
    yield {name: server for name, (_, server) in running.items()}
    for process, _ in running.values():
        process.stop()


@pytest.fixture
def agent(tmp_path):
    """A function that starts an agent with flags; all are stopped at the end of the test."""
    started = []

    def start(*flags, **more):
        more.setdefault("objects", tmp_path / f"objects{len(started)}")
        started.append(Agent(*flags, **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def shared_agent(tmp_path_factory):
    """One agent for the tests of a module that only look for their own path."""
    with Agent(objects=tmp_path_factory.mktemp("objects")) as one:
        yield one


@pytest.fixture
def recording(tmp_path):
    """A small recording, made without root by the example that feeds bytes."""
    path = tmp_path / "feed.qrec"
    subprocess.run([BUILD / "examples" / "feed", path], check=True, capture_output=True, timeout=30)
    return path
