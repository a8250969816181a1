# SPDX-License-Identifier: Apache-2.0
"""One TCP connection that follows a script. Usage: exchange.py connect HOST PORT STEP... | listen STEP...
A step is hex to send, or "-": wait for bytes. `listen` prints its port and serves one connection."""
import socket
import sys

mode, args = sys.argv[1], sys.argv[2:]
if mode == "listen":
    server = socket.create_server(("127.0.0.1", 0))
    print("port", server.getsockname()[1], flush=True)
    conn = server.accept()[0]
    steps = args
else:
    conn = socket.create_connection((args[0], int(args[1])))
    steps = args[2:]
conn.settimeout(60)
for step in steps:
    if step != "-":
        conn.sendall(bytes.fromhex(step))
    elif not conn.recv(65536):
        break
conn.shutdown(socket.SHUT_WR)
while conn.recv(65536):  # the other one closes as well
    pass
