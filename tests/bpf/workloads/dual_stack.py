# SPDX-License-Identifier: Apache-2.0
"""An IPv4 client talks to an IPv6 listener that takes both. Both ends are in this process."""
import socket
import threading

listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)


def server():
    conn, _ = listener.accept()
    while conn.recv(1000):
        pass
    conn.close()


thread = threading.Thread(target=server)
thread.start()
client = socket.create_connection(("127.0.0.1", listener.getsockname()[1]))
client.sendall(b"GET / HTTP/1.1\r\n\r\n")
client.close()
thread.join()
