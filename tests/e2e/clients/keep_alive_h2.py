# SPDX-License-Identifier: Apache-2.0
"""One HTTP/2 connection to localhost: GET /first at once, then one request for each line of stdin.
Usage: keep_alive_h2.py PORT CA"""
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events


def exchange(sock, conn, authority, path):
    stream = conn.get_next_available_stream_id()
    conn.send_headers(stream, [(":method", "GET"), (":scheme", "https"), (":authority", authority), (":path", path),
                               ("user-agent", "keep-alive")], end_stream=True)
    sock.sendall(conn.data_to_send())
    status, done = "", False
    while not done:
        data = sock.recv(65536)
        if not data:
            sys.exit("the server closed the connection")
        for event in conn.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status = dict(event.headers)[":status"]
            done = done or isinstance(event, h2.events.StreamEnded)
        sock.sendall(conn.data_to_send())
    print(status, path, flush=True)


def main():
    port, ca = int(sys.argv[1]), sys.argv[2]
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", port)) as plain, \
            context.wrap_socket(plain, server_hostname="localhost") as sock:
        conn = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        conn.initiate_connection()
        authority = f"localhost:{port}"
        exchange(sock, conn, authority, "/first")
        for line in sys.stdin:
            exchange(sock, conn, authority, line.strip())


main()
