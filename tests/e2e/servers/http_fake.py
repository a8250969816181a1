# SPDX-License-Identifier: Apache-2.0
"""A service over HTTP that a test plays. It notes what was wrong with a request and answers it 400: see `wrong`."""
import gzip
import http.server
import ssl
import threading


class Refused(Exception):
    def __init__(self, status, body=b"", fields=None):
        super().__init__(status)
        self.status, self.body, self.fields = status, body, fields or {}


def must(condition, what):
    if not condition:
        raise AssertionError(what)


class HttpFake:
    """Subclasses have `answer(method, path, fields, body) -> bytes`; fields by lower-case name, once each."""
    content_type = "application/json"

    def __init__(self, cert=None):
        self.wrong, self.requests = [], 0
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert.cert, cert.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"{'https' if cert else 'http'}://{'localhost' if cert else '127.0.0.1'}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_arguments):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            pass

    def do_POST(self):
        fake = self.fake
        fake.requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        names = [name.lower() for name in self.headers]
        status, fields, said = 200, {}, b""
        try:
            must(len(set(names)) == len(names), f"a field comes twice: {names}")
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            said = fake.answer(self.command, self.path, {n.lower(): v for n, v in self.headers.items()}, body)
        except Refused as refused:
            status, fields, said = refused.status, refused.fields, refused.body
        except Exception as error:  # the test sees it in `wrong`
            fake.wrong.append(repr(error))
            status, said = 400, b'{"message": "the fake could not read this"}'
        self.send_response(status)
        for name, value in {"Content-Type": fake.content_type, **fields}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_PUT = do_POST
