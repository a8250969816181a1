# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 of python's h2 and hpack, which do what the others leave out: padding, CONTINUATION, trailers of requests, 103,
pushes, frames of several streams in turn. A JSON line for each exchange, as of peers.js.

Usage: h2_peers.py serve    prints {"port": N} first
       h2_peers.py ask PORT METHOD:PATH...
"""
import base64
import collections
import hashlib
import json
import random
import socket
import sys
import threading

import h2.config
import h2.connection
import h2.events
import h2.settings

# Three fields that do not fit into a frame of 16384 bytes, and each into 8 KiB, which is nginx's limit.
BIG = [(f"x-big-{i}", base64.b64encode(random.Random(i).randbytes(6000)).decode()) for i in range(3)]
PRINTING = threading.Lock()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def log(**line):
    with PRINTING:
        print(json.dumps(line), flush=True)


class End:
    """One end of a connection. What waits for the other's window is in `_left`: stream: (bytes, trailers)."""

    def __init__(self, sock, is_client):
        self.sock = sock
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=is_client, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self._left, self.bodies = collections.OrderedDict(), collections.defaultdict(bytes)

    def send(self, stream, body, trailers=()):
        self._left[stream] = body, trailers

    def write(self):
        """A padded frame of each stream in turn, as long as there is room."""
        waiting = list(self._left)
        while waiting:
            stream = waiting.pop(0)
            body, trailers = self._left[stream]
            padding = stream * 7 % 200
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, 5000) - padding - 1
            if room <= 0 and body:
                continue
            piece, body = body[:room], body[room:]
            self.h2.send_data(stream, piece, end_stream=not body and not trailers, pad_length=padding if piece else None)
            if body:
                self._left[stream] = body, trailers
                waiting.append(stream)
                continue
            if trailers:
                self.h2.send_headers(stream, trailers, end_stream=True)
            del self._left[stream]
        self.sock.sendall(self.h2.data_to_send())

    def events(self):
        data = self.sock.recv(65536)
        for event in self.h2.receive_data(data) if data else ():
            if isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            yield event
        if not data:
            yield None


def answer(end, stream, fields, body):
    """/text/N, /echo, /status/N, /trailers, /early (103 before), /large (fields that need a CONTINUATION)"""
    _, kind, *number = fields[":path"].partition("?")[0].split("/")
    status = number[0] if kind == "status" else "200"
    text = b"" if kind == "status" else body if kind == "echo" else b"0123456789abc" * (int(number[0]) if number else 100)
    head = [(":status", status), ("content-type", "text/plain"), *(BIG if kind == "large" else [])]
    if kind == "early":
        end.h2.send_headers(stream, [(":status", "103"), ("link", "</style.css>; rel=preload")])
    is_bare = status != "200" or fields[":method"] == "HEAD"
    end.h2.send_headers(stream, head, end_stream=is_bare)
    if is_bare:
        text = b""
    else:
        end.send(stream, text, [("x-sum", sha(text))] if kind == "trailers" else ())
    log(method=fields[":method"], path=fields[":path"], request=sha(body), status=int(status), response=sha(text))


def serve_one(sock):
    with sock:
        end, asked = End(sock, is_client=False), {}
        while True:
            end.write()
            for event in end.events():
                if event is None or isinstance(event, h2.events.ConnectionTerminated):
                    return
                if isinstance(event, h2.events.RequestReceived):
                    asked[event.stream_id] = fields = dict(event.headers)
                    if "x-push" in fields:
                        pushed = {":method": "GET", ":scheme": "http", ":authority": "a", ":path": "/text/11?pushed"}
                        stream = end.h2.get_next_available_stream_id()
                        end.h2.push_stream(event.stream_id, stream, list(pushed.items()))
                        answer(end, stream, pushed, b"")
                elif isinstance(event, h2.events.StreamEnded):
                    answer(end, event.stream_id, asked[event.stream_id], end.bodies[event.stream_id])


def serve():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        log(port=listener.getsockname()[1])
        while True:
            threading.Thread(target=serve_one, args=(listener.accept()[0],), daemon=True).start()


def ask(port, asked):
    end = End(socket.create_connection(("127.0.0.1", port)), is_client=True)
    end.h2.update_settings({h2.settings.SettingCodes.ENABLE_PUSH: 1})
    waiting, answers = {}, {}
    for number, (method, path) in enumerate(asked):
        stream = end.h2.get_next_available_stream_id()
        body = b"line of what is posted\n" * 2000 if method == "POST" else b""
        more = [*(BIG if number % 5 == 2 else []), *([("x-push", "1")] if number == 0 else [])]
        end.h2.send_headers(stream, [(":method", method), (":scheme", "http"), (":authority", f"127.0.0.1:{port}"),
                                     (":path", path), ("accept-encoding", "gzip"), *more], end_stream=not body)
        if body:
            end.send(stream, body, [("x-end", "of the request")])
        waiting[stream] = {"method": method, "path": path, "request": sha(body)}
    end.h2.ping(b"8 bytes.")
    while waiting:
        end.write()
        for event in end.events():
            assert event is not None and not isinstance(event, h2.events.StreamReset), f"no answer to {waiting}: {event}"
            if isinstance(event, h2.events.ResponseReceived):
                answers[event.stream_id] = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.PushedStreamReceived):
                fields = dict(event.headers)
                waiting[event.pushed_stream_id] = {"method": fields[":method"], "path": fields[":path"], "request": sha(b"")}
            elif isinstance(event, h2.events.StreamEnded):
                stream = event.stream_id
                log(**waiting.pop(stream), status=answers[stream], response=sha(end.bodies[stream]))
    end.h2.close_connection()
    end.write()
    end.sock.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        ask(int(sys.argv[2]), [word.split(":", 1) for word in sys.argv[3:]])
