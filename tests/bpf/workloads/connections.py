# SPDX-License-Identifier: Apache-2.0
"""N connections after each other that carry nothing; both ends in this process. Usage: connections.py N"""
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
for _ in range(int(sys.argv[1])):
    client = socket.create_connection(listener.getsockname())
    server, _address = listener.accept()
    client.close()
    server.close()
