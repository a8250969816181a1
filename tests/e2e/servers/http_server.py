#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server with python's ssl module (or without TLS), for the live tests.

Usage: http_server.py [CERT KEY]. Listens on a free port of 127.0.0.1 and prints "port N" once it does.

  GET  /bytes/N    N bytes that depend on their position
  GET  /number/N   the number as text, and as header X-Number
  GET  /chunked/N  N chunks of "chunk <i>\\n"
  POST anything    the SHA-256 of the body, in hex
  GET  anything    "hello\\n"
"""
import array
import hashlib
import http.server
import socketserver
import ssl
import sys


def pattern(size):
    """Bytes that differ at every 4-byte position, so that a shifted or doubled piece shows."""
    numbers = array.array("I", range((size + 3) // 4))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()[:size]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, content_type="text/plain", headers=()):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        kind, _, number = self.path.lstrip("/").partition("/")
        if kind == "bytes":
            self.answer(pattern(int(number)), "application/octet-stream")
        elif kind == "number":
            self.answer(number.encode(), headers=[("X-Number", number)])
        elif kind == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(int(number)):
                chunk = b"chunk %d\n" % i
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.answer(b"hello\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(hashlib.sha256(body).hexdigest().encode())

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    context = None

    def finish_request(self, request, client_address):
        # In the connection's own thread, so that a slow handshake holds nobody up.
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        try:
            super().finish_request(request, client_address)
        finally:
            if self.context:
                request.close()

    def handle_error(self, *_):
        pass  # a client that went away


def main(cert=None, key=None):
    server = Server(("127.0.0.1", 0), Handler)
    if cert:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(cert, key)
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
