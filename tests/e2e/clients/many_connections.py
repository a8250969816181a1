# SPDX-License-Identifier: Apache-2.0
"""Usage: many_connections.py PORT COUNT: one HTTP/1.1 request on each of COUNT connections, each another one."""
import random
import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(1)
for i in range(count):
    method = chance.choice(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    body = chance.randbytes(chance.randrange(64))
    path = "".join(chance.choice("abc/%*$+?=&123") for _ in range(chance.randrange(40)))
    head = f"{method} /{path.replace('%', '%41')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", port)) as conn:
        conn.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
        while conn.recv(65536):
            pass
