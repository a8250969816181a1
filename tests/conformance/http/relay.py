# SPDX-License-Identifier: Apache-2.0
"""What two peers said to each other, recorded between them, and what libqtap says of it."""
import hashlib
import random
import select
import socket
import threading

import qtap


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Relay:
    """Passes connections on to a port of 127.0.0.1; `connections` is a list of [(direction of the client, bytes)]."""

    def __init__(self, port):
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections, self._threads = [], []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            said = []
            self.connections.append(said)
            self._threads.append(threading.Thread(target=self._pass_on, args=(client, said), daemon=True))
            self._threads[-1].start()

    def _pass_on(self, client, said):
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            other = {client: (server, "sent"), server: (client, "received")}
            open_ends = [client, server]
            while open_ends:
                for end in select.select(open_ends, [], [])[0]:
                    to, direction = other[end]
                    try:
                        data = end.recv(65536)
                    except OSError:  # reset: nothing more comes, and the other end must learn that
                        data = b""
                    try:
                        if data:
                            said.append((direction, data))
                            to.sendall(data)
                        else:
                            open_ends.remove(end)
                            to.shutdown(socket.SHUT_WR)
                    except OSError:  # that one is gone, which it tells itself
                        pass

    def finish(self):
        """Waits until all connections have ended."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a connection stays open"
        self._listener.close()
        return self.connections


def cut(said, rng):
    """The same, cut elsewhere."""
    for direction, data in said:
        while data:
            size = rng.choice([1, 2, 9, 100, 5000, 65536])
            yield direction, data[:size]
            data = data[size:]


OTHER = {"sent": "received", "received": "sent"}


def told(connections, role, rng, on_message=None):
    """The transactions that libqtap makes of them, as the process of `role` would see them."""
    transactions = []
    config = {"capture.source": "feed", "worker.threads": 0, "capture.body_buffer": "64mb",
              "capture.message_buffer": "64mb"}
    with qtap.Session(config, on_transaction=transactions.append, on_message=on_message) as session:
        time_ns = 10**9
        for said in connections:
            feed = session.feed(time_ns, pid=7, role=role, local=("127.0.0.1", 1), remote=("127.0.0.1", 2))
            for direction, data in cut(said, rng) if rng else said:
                time_ns += 1000
                feed.data(direction if role == "client" else OTHER[direction], data, time_ns=time_ns)
            feed.close(time_ns)
        stats = session.stats
    assert stats["parse_errors"] == stats["gaps"] == stats["decode_errors"] == 0, stats
    return transactions


def as_line(tx):
    """A transaction in the words of the peers' logs."""
    # curl leaves when it has as many bytes as Content-Length says, and the end of the stream may come behind.
    left_early = tx.get("http.res.truncated_reason") == "aborted" and tx.get("http.missing_bytes") == 0
    assert left_early or not tx["http.truncated"], (tx["http.req.url"], tx.get("http.res.truncated_reason"))
    decoded = tx.decoded_body()
    assert decoded.state in ("none", "complete"), (tx["http.req.url"], decoded.state)
    return {"method": tx["http.req.method"], "path": tx["http.req.path"], "request": sha(tx.request_body),
            "status": tx["http.res.status"], "response": sha(tx.response_body), "text": sha(decoded.bytes)}


def lines_of(connections, role, rng):
    return [as_line(tx) for tx in told(connections, role, rng)]


def views(connections, lines=lines_of):
    """(name, lines) of the same traffic: from either end, as it was cut and cut at random."""
    for role in ("client", "server"):
        for name, rng in (("as it came", None), ("cut at random", random.Random(1))):
            yield f"{role}, {name}", lines(connections, role, rng)
