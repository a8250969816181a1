# SPDX-License-Identifier: Apache-2.0
"""From inside a TLS handshake a callback writes to other sockets, as node's do. Usage: false_nesting.py CERT KEY
Prints the ports: TLS, plain HTTP, something that looks like TLS."""
import socket
import ssl
import sys
import threading

listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
ports = [listener.getsockname()[1] for listener in listeners]
print(*ports, flush=True)


def sink(listener):
    conn, _ = listener.accept()
    while conn.recv(1000):
        pass
    conn.close()


others = [threading.Thread(target=sink, args=(listener,)) for listener in listeners[1:]]
for thread in others:
    thread.start()
plain = socket.create_connection(("127.0.0.1", ports[1]))
lookalike = socket.create_connection(("127.0.0.1", ports[2]))


def on_server_name(*_):  # called inside SSL_do_handshake
    plain.sendall(b"GET /from-callback HTTP/1.1\r\nHost: x\r\n\r\n")
    lookalike.sendall(b"\x16\x03\x01\x00\x05hello")


def tls_server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.sni_callback = on_server_name
    conn = context.wrap_socket(listeners[0].accept()[0], server_side=True)
    conn.recv(1000)
    conn.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    conn.close()


thread = threading.Thread(target=tls_server)
thread.start()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with context.wrap_socket(socket.create_connection(("127.0.0.1", ports[0])), server_hostname="x.test") as client:
    client.sendall(b"GET /over-tls HTTP/1.1\r\nHost: x\r\n\r\n")
    client.recv(1000)
thread.join()
plain.close()
lookalike.close()
for thread in others:
    thread.join()
