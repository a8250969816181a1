# SPDX-License-Identifier: Apache-2.0
"""Connects to itself N times and says so with its port; for each line on stdin the first connection says a request to
itself ("GET /LINE"), and at the end of stdin it goes. With "twice" each socket has two descriptors.
Usage: idle.py N [twice]"""
import resource
import socket
import sys

count = int(sys.argv[1])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * count + 64), hard))
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
pairs = []
for _ in range(count):
    client = socket.create_connection(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
others = [s.dup() for pair in pairs for s in pair] if sys.argv[2:] == ["twice"] else []
print(listener.getsockname()[1], flush=True)
for line in sys.stdin:
    client, server = pairs[0]
    client.sendall(b"GET /%s HTTP/1.1\r\n\r\n" % line.strip().encode())
    server.recv(100)
    print("done", flush=True)
