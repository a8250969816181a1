# SPDX-License-Identifier: Apache-2.0
"""2,000,000 bytes of a protocol that nobody knows, each way. Both ends in one process."""
import socket
import threading

N = 2_000_000
listener = socket.create_server(("127.0.0.1", 0))


def exchange(conn):
    sender = threading.Thread(target=conn.sendall, args=(b"\xff\xfe" * (N // 2),))
    sender.start()
    got = 0
    while got < N:
        got += len(conn.recv(65536))
    sender.join()
    conn.close()


def server():
    exchange(listener.accept()[0])


thread = threading.Thread(target=server)
thread.start()
exchange(socket.create_connection(listener.getsockname()))
thread.join()
