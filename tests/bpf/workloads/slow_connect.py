# SPDX-License-Identifier: Apache-2.0
"""Non-blocking connects that carry nothing: one that is refused; one that fills the queue of a listener; one whose first
SYN is dropped therefore, so that it takes the second after which TCP sends it again."""
import select
import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)  # one connection waits, the next SYN is dropped


def connect(address):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    return client


def wait(client):
    select.select([], [client], [], 20)
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


with socket.create_server(("127.0.0.1", 0)) as closed:
    nobody = closed.getsockname()
refused = connect(nobody)
assert wait(refused) != 0
fast = connect(listener.getsockname())
assert wait(fast) == 0
slow = connect(listener.getsockname())
servers = [listener.accept()[0], listener.accept()[0]]
assert wait(slow) == 0
for one in [refused, fast, slow, *servers]:
    one.close()
