# SPDX-License-Identifier: Apache-2.0
"""Loads a TLS library with its first line on stdin, says so if that is "load", and sends "GET /1" for each other line, on
one connection, beginning with the handshake; with "again" it calls for another handshake before, which has nothing to
do; with "renegotiate", which needs TLS 1.2, for another that has all of it to do. Usage: late_library.py PORT LIBRARY
[TLSv1.2]"""
import ctypes
import socket
import sys
import time

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
first = sys.stdin.readline()
begin = time.monotonic()
ssl = ctypes.CDLL(sys.argv[2])
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, name).restype = ctypes.c_void_p
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
if "TLSv1.2" in sys.argv:
    ssl.SSL_CTX_ctrl(context, 124, 0x0303, None)  # SSL_CTRL_SET_MAX_PROTO_VERSION
tls = ctypes.c_void_p(ssl.SSL_new(context))
ssl.SSL_set_fd(tls, connection.fileno())
loaded = time.monotonic()
if first == "load\n":
    print("loaded", flush=True)
    sys.stdin.readline()
if ssl.SSL_connect(tls) != 1:
    sys.exit("no handshake")
while True:
    request = b"GET /1 HTTP/1.1\r\nHost: late\r\n\r\n"
    ssl.SSL_write(tls, request, len(request))
    response, buffer = b"", ctypes.create_string_buffer(4096)
    while not response.endswith(b"\r\n\r\n\0"):
        n = ssl.SSL_read(tls, buffer, len(buffer))
        if n <= 0:
            sys.exit("no response")
        response += buffer.raw[:n]
    print("done %.1f ms, %.1f to load" % ((time.monotonic() - begin) * 1e3, (loaded - begin) * 1e3), flush=True)
    line = sys.stdin.readline()
    if not line:
        break
    if line == "renegotiate\n" and ssl.SSL_renegotiate(tls) != 1:
        sys.exit("no renegotiation")
    if line in ("again\n", "renegotiate\n") and ssl.SSL_do_handshake(tls) != 1:
        sys.exit("no second handshake")
