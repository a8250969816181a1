#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy that knows CONNECT only. Listens on a free port of 127.0.0.1 and prints "port N" once it does."""
import socket
import socketserver
import threading


def pump(source, target):
    while chunk := source.recv(65536):
        target.sendall(chunk)
    target.shutdown(socket.SHUT_WR)


class Handler(socketserver.StreamRequestHandler):
    rbufsize = 0  # what follows the head belongs to the tunnel

    def handle(self):
        method, authority, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT":
            return self.wfile.write(b"HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n")
        host, _, port = authority.rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=pump, args=(target, self.connection))
            back.start()
            pump(self.connection, target)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Handler) as server:
    print("port", server.server_address[1], flush=True)
    server.serve_forever()
