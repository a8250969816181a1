# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 server for the live tests. Usage: server.py [CERT KEY [nodelay] [TLSv1.2]]. Prints its port. GET /N answers N bytes of the
pattern; POST answers the length of what it got. With CERT and KEY it speaks TLS through the ssl module."""
import http.server
import ssl
import sys


def pattern(n):
    return bytes(range(256)) * (n // 256 + 1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = "nodelay" in sys.argv

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        n = int(self.path[1:] or 0)
        self.answer(pattern(n)[:n])

    def do_POST(self):
        self.answer(b"got %d" % len(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):  # clients of the tests leave when they have seen enough
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    if "TLSv1.2" in sys.argv:  # the last version that negotiates anew, if the client wants it
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= 1 << 8  # SSL_OP_ALLOW_CLIENT_RENEGOTIATION
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
