# SPDX-License-Identifier: Apache-2.0
"""Every way of moving bytes over a plain TCP connection that python offers. Usage: calls.py
Sends "GET /" and then what is listed here; both ends are in this process, in two threads."""
import ctypes
import os
import socket
import tempfile
import threading



class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Mmsghdr(ctypes.Structure):
    """struct mmsghdr of sendmmsg(2)"""
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint32), ("iov", ctypes.POINTER(Iovec)),
                ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_size_t), ("len", ctypes.c_size_t)]  # ints, each with padding


def messages(*of_segments):
    made = (Mmsghdr * len(of_segments))()
    for message, segments in zip(made, of_segments):
        message.iov = (Iovec * len(segments))(*((ctypes.addressof(one), len(one)) for one in segments))
        message.iovlen = len(segments)
    made.segments = of_segments  # the addresses above do not keep them
    return made


def buffers(*texts):
    return [(ctypes.c_char * len(text)).from_buffer(bytearray(text)) for text in texts]


libc = ctypes.CDLL(None, use_errno=True)
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
    one = buffers(b"..", b".")
    assert libc.recvmmsg(conn.fileno(), messages(one), 1, socket.MSG_WAITALL, None) == 1
    two, three = buffers(b"..", b"..")
    assert libc.recvmmsg(conn.fileno(), messages([two], [three]), 2, socket.MSG_WAITALL, None) == 2
    assert [part.raw for part in (*one, two, three)] == [b"pq", b"r", b"st", b"uv"]
    read_exactly(conn.recv, 70000)
    there, back = os.pipe()
    left = 5000
    while left:
        left -= os.splice(conn.fileno(), back, left)
    conn.close()


thread = threading.Thread(target=server)
thread.start()
s = socket.create_connection(listener.getsockname())
s.send(b"GET /")  # sendto
os.write(s.fileno(), b"abcd")
s.sendmsg([b"efg", b"", b"hi"])
os.writev(s.fileno(), [b"jkl", b"mno"])
assert libc.sendmmsg(s.fileno(), messages(buffers(b"pq", b"r")), 1, 0) == 1
assert libc.sendmmsg(s.fileno(), messages(buffers(b"st"), buffers(b"uv")), 2, 0) == 2
with tempfile.TemporaryFile() as f:
    f.write(b"z" * 70000)
    f.flush()
    f.seek(0)
    sent = 0
    while sent < 70000:
        sent += os.sendfile(s.fileno(), f.fileno(), sent, 70000 - sent)
out, into = os.pipe()
os.write(into, b"y" * 5000)
left = 5000
while left:
    left -= os.splice(out, s.fileno(), left)
thread.join()
s.close()
