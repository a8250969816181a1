# SPDX-License-Identifier: Apache-2.0
"""Every way of moving bytes over a plain TCP connection that python offers. Usage: calls.py
Sends "GET /" and then what is listed here; both ends are in this process, in two threads."""
import os
import socket
import tempfile
import threading

listener = socket.create_server(("127.0.0.1", 0))
received = []


def read_exactly(read, n):
    data = b""
    while len(data) < n:
        data += read(n - len(data))
    received.append(data)


def server():
    conn, _ = listener.accept()
    conn.recv(5, socket.MSG_PEEK)
    read_exactly(conn.recv, 5)  # recvfrom
    read_exactly(lambda n: os.read(conn.fileno(), n), 4)
    a, b = bytearray(3), bytearray(2)
    conn.recvmsg_into([a, b], 0, socket.MSG_WAITALL)
    c, d = bytearray(3), bytearray(3)
    got = os.readv(conn.fileno(), [c, d])
    assert got == 6, got
    read_exactly(conn.recv, 70000)
    conn.close()


thread = threading.Thread(target=server)
thread.start()
s = socket.create_connection(listener.getsockname())
s.send(b"GET /")  # sendto
os.write(s.fileno(), b"abcd")
s.sendmsg([b"efg", b"", b"hi"])
os.writev(s.fileno(), [b"jkl", b"mno"])
with tempfile.TemporaryFile() as f:
    f.write(b"z" * 70000)
    f.flush()
    f.seek(0)
    sent = 0
    while sent < 70000:
        sent += os.sendfile(s.fileno(), f.fileno(), sent, 70000 - sent)
thread.join()
s.close()
