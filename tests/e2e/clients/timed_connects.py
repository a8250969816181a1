# SPDX-License-Identifier: Apache-2.0
"""Connections that take known times to be made; a JSON line for each: its local port, and nanoseconds of CLOCK_BOOTTIME
right before connect() and right after the program knew that it was connected.

blocking   connect() waits
unwatched  connect() does not wait, and the program looks only after 300 ms
dropped    the first SYN finds a full queue: the kernel sends it again after a second
"""
import json
import select
import socket
import time


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def tell(name, client, before):
    print(json.dumps({"name": name, "port": client.getsockname()[1], "times": [before, now()]}), flush=True)


def start(address):
    client = socket.socket()
    client.setblocking(False)
    before = now()
    client.connect_ex(address)
    return client, before


def wait(client):
    select.select([], [client], [], 20)
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


listener = socket.create_server(("127.0.0.1", 0), backlog=0)  # one connection waits, the next SYN is dropped
address = listener.getsockname()

blocking, begun = socket.socket(), now()
blocking.connect(address)
tell("blocking", blocking, begun)
accepted = [listener.accept()[0]]

unwatched, begun = start(address)
time.sleep(0.3)
wait(unwatched)
tell("unwatched", unwatched, begun)

dropped, begun = start(address)  # `unwatched` still fills the queue
accepted.append(listener.accept()[0])
wait(dropped)
tell("dropped", dropped, begun)
accepted.append(listener.accept()[0])
for sock in (blocking, unwatched, dropped, *accepted):
    sock.close()
