# SPDX-License-Identifier: Apache-2.0
"""A TLS client on memory BIOs that moves the ciphertext by itself, like asyncio and node. Usage: memory_bio.py PORT
From inside of a TLS call it writes something that looks like TLS to another socket."""
import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
listener = socket.create_server(("127.0.0.1", 0))
other = socket.create_connection(listener.getsockname())


def on_message(_, direction, *__):
    if direction == "read":
        other.send(b"\x16\x03\x01\x00\x05hello")
        context._msg_callback = None


context._msg_callback = on_message
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing)
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))


def until_done(call, *args):
    while True:
        try:
            result = call(*args)
            s.sendall(outgoing.read())
            return result
        except ssl.SSLWantReadError:
            s.sendall(outgoing.read())
            incoming.write(s.recv(65536))


until_done(tls.do_handshake)
until_done(tls.write, b"GET /5 HTTP/1.1\r\nHost: x\r\n\r\n")
until_done(tls.read, 1000)
