# SPDX-License-Identifier: Apache-2.0
"""Two ends that note when they did what: nanoseconds of CLOCK_BOOTTIME right before and right after each call, a JSON line
per connection. A time that somebody else takes of such a call must lie between.

timed.py serve HANDSHAKE_MS [CERT KEY]   GET /delay/MS is answered after so long; handshakes begin after HANDSHAKE_MS.
                                         Prints "port N" first
timed.py ask PORT CERT|- MS...           asks for each, on a connection of its own
"""
import json
import select
import socket
import ssl
import sys
import threading
import time


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def timed(call, *args):
    before = now()
    result = call(*args)
    return result, [before, now()]


def receive(sock):
    """The next bytes, and the time of the call that got them: one that only waits is not counted."""
    sock.setblocking(False)
    while True:
        try:
            result, times = timed(sock.recv, 65536)
            sock.setblocking(True)
            return result, times
        except (BlockingIOError, ssl.SSLWantReadError):
            select.select([sock], [], [])


def answer(sock, context, handshake_s):
    noted = {}
    if context:
        time.sleep(handshake_s)
        noted["woke"] = now()
        sock = context.wrap_socket(sock, server_side=True)
    request, noted["start"] = receive(sock)
    path = request.split()[1].decode()
    time.sleep(int(path.rpartition("/")[2]) / 1000)
    _, noted["end"] = timed(sock.sendall, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    print(json.dumps({"path": path, **noted}), flush=True)
    sock.close()


def serve(handshake_ms, cert=None, key=None):
    context = None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print("port", listener.getsockname()[1], flush=True)
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=answer, args=(sock, context, int(handshake_ms) / 1000), daemon=True).start()


def ask(port, cert, *delays):
    context = None if cert == "-" else ssl.create_default_context(cafile=cert)
    for n, delay in enumerate(delays):
        sock = socket.socket()
        _, connect = timed(sock.connect, ("127.0.0.1", int(port)))
        noted = {"path": f"/{n}/{delay}", "connect": connect}
        if context:
            sock = context.wrap_socket(sock, server_hostname="localhost", do_handshake_on_connect=False)
            _, noted["handshake"] = timed(sock.do_handshake)
        request = f"GET {noted['path']} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
        _, noted["start"] = timed(sock.sendall, request)
        _, noted["end"] = receive(sock)
        print(json.dumps(noted), flush=True)
        sock.close()


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
