# SPDX-License-Identifier: Apache-2.0
"""Takes one connection at a time that asks in HTTP/1.1 for h2c, and answers each request in HTTP/2. Prints its port."""
import re
import socket

import h2.config
import h2.connection
import h2.events

BODY = b"upgraded\n"


def serve(sock):
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(65536)
    head, _, rest = head.partition(b"\r\n\r\n")
    settings = re.search(rb"(?im)^http2-settings: *(\S+)", head).group(1)
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    conn.initiate_upgrade_connection(settings)
    answer(conn, 1)
    sock.sendall(conn.data_to_send())
    while rest := rest or sock.recv(65536):
        for event in conn.receive_data(rest):
            if isinstance(event, h2.events.RequestReceived):
                answer(conn, event.stream_id)
        sock.sendall(conn.data_to_send())
        rest = b""


def answer(conn, stream):
    conn.send_headers(stream, [(":status", "200"), ("content-type", "text/plain"), ("content-length", str(len(BODY)))])
    conn.send_data(stream, BODY, end_stream=True)


with socket.create_server(("127.0.0.1", 0)) as listener:
    print("port", listener.getsockname()[1], flush=True)
    while True:
        accepted, _ = listener.accept()
        with accepted:
            serve(accepted)
