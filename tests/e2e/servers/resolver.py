# SPDX-License-Identifier: Apache-2.0
"""A resolver of one zone, over UDP and TCP. Usage: resolver.py IP NAME ADDRESS: NAME, as an alias of alias.NAME, has
ADDRESS; no other name exists. Prints "ready"."""
import socket
import socketserver
import sys
import threading

ip, name, address = sys.argv[1:]


def encoded(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(owner, kind, data):
    return owner + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data


def answer(query):
    end = query.index(b"\0", 12) + 5
    question, kind = query[12:end], int.from_bytes(query[end - 4:end - 2], "big")
    known = question[:-4].lower() == encoded(name)
    records = [record(b"\xc0\x0c", 5, encoded("alias." + name))] if known else []
    if known and kind == 1:
        records.append(record(encoded("alias." + name), 1, socket.inet_aton(address)))
    flags = b"\x81\x80" if known else b"\x81\x83"
    counts = b"\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
    return query[:2] + flags + counts + question + b"".join(records)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(2):
            reply = answer(self.rfile.read(int.from_bytes(head, "big")))
            self.wfile.write(len(reply).to_bytes(2, "big") + reply)


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(answer(data), self.client_address)


socketserver.ThreadingTCPServer.allow_reuse_address = True
servers = [socketserver.ThreadingTCPServer((ip, 53), Tcp), socketserver.UDPServer((ip, 53), Udp)]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
print("ready", flush=True)
