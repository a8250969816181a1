# SPDX-License-Identifier: Apache-2.0
"""POSTs a lot over one TLS connection, as told on stdin: "run SECONDS BYTES" sends requests of that size until then,
"get N" sends one GET. Answers each with "moved SENT RECEIVED REQUESTS": plain-text bytes so far, and the requests of
this line. Usage: bulk.py PORT"""
import socket
import ssl
import sys
import time

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
moved = [0, 0]


def exchange(s, head, body=b""):
    """Sends a request and reads the response to its end."""
    message = head + body
    for at in range(0, len(message), 16384):
        piece = message[at:at + 16384]
        s.sendall(piece)
        moved[0] += len(piece)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += s.recv(65536)
    head, _, rest = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    size = len(head) + 4 + length
    got = len(head) + 4 + len(rest)
    while got < size:
        got += len(s.recv(65536))
    moved[1] += got


with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])))) as s:
    print("connected", flush=True)
    for line in sys.stdin:
        words = line.split()
        requests = 0
        if words[0] == "get":
            exchange(s, b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % words[1].encode())
            requests = 1
        else:
            body = bytes(range(256)) * (int(words[2]) // 256)
            end = time.monotonic() + float(words[1])
            while time.monotonic() < end:
                exchange(s, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body), body)
                requests += 1
        print("moved", *moved, requests, flush=True)
