# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of a real server that goes wrong as a test says, one fault for each request, then none.

    "reset"      the connection is reset in the middle of the request's body
    "hang"       the request is read, and nothing is answered until the client goes
    "truncated"  the server did it, and half of its answer comes
    503, 429     that status, in its place; (503, {"Retry-After": "1"}) with header fields
"""
import http.client
import http.server
import socket
import struct
import threading

from listeners import free_port


class FaultProxy:
    def __init__(self, upstream_port, faults=()):
        self.port, self.upstream_port = free_port(), upstream_port
        self.endpoint = f"127.0.0.1:{self.port}"
        self.requests = []  # (method, path, fault) in their order
        self._faults, self._lock = list(faults), threading.Lock()
        self._server = None

    def fail(self, *faults):
        with self._lock:
            self._faults.extend(faults)

    def next_fault(self, method, path):
        with self._lock:
            fault = self._faults.pop(0) if self._faults else None
            self.requests.append((method, path, fault))
            return fault

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy = None

    def log_message(self, *_arguments):
        pass

    def do_PUT(self):
        fault = self.proxy.next_fault(self.command, self.path)
        length = int(self.headers.get("Content-Length", 0))
        if fault == "reset":
            self.rfile.read(length // 2)
            return self._reset()
        body = self.rfile.read(length)
        if fault == "hang":
            self.connection.recv(1)  # until the client closes
            self.close_connection = True
            return None
        if isinstance(fault, (int, tuple)):
            status, fields = fault if isinstance(fault, tuple) else (fault, {})
            return self._answer(status, fields, b"<Error><Code>SlowDown</Code><Message>Go away.</Message></Error>")
        server = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream_port, timeout=30)
        server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            server.putheader(name, value)
        server.endheaders(body)
        said = server.getresponse()
        answer = said.read()
        server.close()
        fields = {"ETag": said.headers["ETag"]} if "ETag" in said.headers else {}  # what parts are named by
        return self._answer(said.status, fields, answer, is_truncated=fault == "truncated")

    do_GET = do_POST = do_DELETE = do_PUT

    def _answer(self, status, fields, body, is_truncated=False):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + 10 * is_truncated))
        self.end_headers()
        self.wfile.write(body)
        if is_truncated:
            self._reset()

    def _reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
