# SPDX-License-Identifier: Apache-2.0
"""Requests with a body of 5000 bytes of the pattern, in several sends, each on a connection of its own; both ends in this
process. Usage: methods.py METHOD..."""
import socket
import sys

BODY = (bytes(range(256)) * 20)[:5000]
listener = socket.create_server(("127.0.0.1", 0))
for method in sys.argv[1:]:
    client = socket.create_connection(listener.getsockname())
    server, _address = listener.accept()
    client.sendall(b"%s / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" % method.encode())
    for at in range(0, 5000, 1000):
        client.sendall(BODY[at:at + 1000])
    client.close()
    while server.recv(65536):
        pass
    server.close()
