# SPDX-License-Identifier: Apache-2.0
"""The servers of the tests, each with the process that was started for it, and their certificate."""
import os
import pathlib
import socket
import subprocess
from dataclasses import dataclass

from harness import HERE, PYTHON, Process


@dataclass
class Cert:
    cert: pathlib.Path
    key: pathlib.Path


def certificate(folder):
    """A throw-away certificate for localhost."""
    pair = Cert(pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem")
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
  access_log off; sendfile off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  {http}
  server {{
    listen 127.0.0.1:{port} {listen} {tls};
    location /files/ {{ alias {folder}/files/; }}
    {locations}
  }}
  {servers}
}}
"""
HELLO = 'location / { default_type text/plain; return 200 "hello\\n"; }'


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]  # whoever takes it says so if somebody else was faster


def nginx(folder, cert, protocols="TLSv1.2", http="", locations=HELLO, prefix=(), listen="", servers="", **more):
    """Its process is the only worker; /files/ are those of folder/files. TLS 1.2 here, 1.3 elsewhere. `prefix`: a command
    that runs it; `more`: how its process is started."""
    port = free_port()  # nginx cannot pick one itself
    (folder / "files").mkdir(exist_ok=True)
    tls = f"ssl; ssl_certificate {cert.cert}; ssl_certificate_key {cert.key}; ssl_protocols {protocols}" if cert else ""
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=port, tls=tls, http=http,
                                                         locations=locations, listen=listen, servers=servers))
    process = Process([*prefix, "/usr/sbin/nginx", "-e", "stderr", "-c", folder / "nginx.conf"], **more)
    try:
        worker = int(process.wait_for_line(process.err, r"start worker process (\d+)").group(1))
    except BaseException:
        process.stop()
        raise
    return process, Server(worker, "/usr/sbin/nginx", port, "https" if cert else "http", cert and cert.cert,
                           tls_version=772 if "TLSv1.3" in protocols else 771)


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
