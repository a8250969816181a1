# SPDX-License-Identifier: Apache-2.0
"""One SSL_write of N bytes of the pattern. Usage: post.py PORT N"""
import socket
import ssl
import sys

port, n = int(sys.argv[1]), int(sys.argv[2])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as s:
    s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % n)
    s.sendall((bytes(range(256)) * (n // 256 + 1))[:n])
    answer = b""
    while b"got %d" % n not in answer:
        answer += s.recv(1000)
