# SPDX-License-Identifier: Apache-2.0
"""One WebSocket over HTTP/2 (RFC 8441) of python: hypercorn as its server, h2 and wsproto as its client. Both say a script
and log JSON lines like ws.js, without the number of frames.

Usage: http2_peers.py serve SETUP   prints {"port": N} first; SETUP: as of ws.js, but that deflate is {} or null
       http2_peers.py ask SETUP PORT
"""
import asyncio
import json
import random
import socket
import sys

WORDS = ["alpha", "beta", "g\u00e4mma", "\u6f22\u5b57", "\U0001f600", " ", "\n", "0" * 50]


def log(**line):
    print(json.dumps(line), flush=True)


def script(seed):
    rng = random.Random(seed)
    for size in (0, 1, 125, 126, 127, 65535, 65536, 200000):
        yield rng.randbytes(size)
        yield "x" * size
    for _ in range(40):
        yield "".join(rng.choices(WORDS, k=rng.randrange(200)))
        yield rng.randbytes(rng.randrange(300))
    yield "done"


def raw(message):
    return message.encode() if isinstance(message, str) else bytes(message)


def kind(message):
    return "text" if isinstance(message, str) else "binary"


def serve(setup):
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config

    async def app(scope, receive, send):
        if scope["type"] != "websocket":  # "lifespan"
            return
        await receive()
        await send({"type": "websocket.accept"})
        for message in script(2):
            await send({"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message})
            log(sent=kind(message), deflated=setup["deflate"] is not None, hex=raw(message).hex())
        while (event := await receive())["type"] == "websocket.receive":
            message = event["text"] if event.get("bytes") is None else event["bytes"]
            log(received=kind(message), hex=raw(message).hex())
            if message == "done" and setup["closer"] == "serve":
                await send({"type": "websocket.close", "code": setup["code"], "reason": setup["reason"]})

    async def main():
        listener = socket.create_server(("127.0.0.1", 0))
        log(port=listener.getsockname()[1])
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        config.websocket_ping_interval = None
        config.loglevel = "WARNING"
        await run(app, config, shutdown_trigger=asyncio.Event().wait)  # until it is terminated

    asyncio.run(main())


class Client:
    def __init__(self, setup, port):
        import h2.config
        import h2.connection
        from wsproto.extensions import PerMessageDeflate
        self.setup, self.out = setup, b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.http.initiate_connection()
        self.deflate = PerMessageDeflate() if setup["deflate"] is not None else None
        self.stream, self.over, self.text = None, False, []
        self.authority = f"127.0.0.1:{port}"

    def connect(self):
        assert self.http.remote_settings.enable_connect_protocol == 1, "no extended CONNECT"
        self.stream = self.http.get_next_available_stream_id()
        fields = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat?x=1"),
                  (":authority", self.authority), ("sec-websocket-version", "13")]
        if self.deflate:
            offer = self.deflate.offer()  # its parameters, or True
            fields.append(("sec-websocket-extensions", "permessage-deflate" + (f"; {offer}" if isinstance(offer, str) else "")))
        self.http.send_headers(self.stream, fields)

    def say_all(self):
        from wsproto.connection import Connection, ConnectionType
        from wsproto.events import BytesMessage, Ping, TextMessage
        self.frames = Connection(ConnectionType.CLIENT, extensions=[self.deflate] if self.deflate else [])
        for number, message in enumerate(script(1)):
            self.out += self.frames.send((TextMessage if isinstance(message, str) else BytesMessage)(data=message))
            log(sent=kind(message), deflated=self.deflate is not None, hex=raw(message).hex())
            if number % 10 == 0:
                self.out += self.frames.send(Ping(payload=b"%d" % number))
                log(sent="ping", hex=(b"%d" % number).hex())

    def take(self, event):
        from wsproto.events import CloseConnection, Message, Ping, Pong
        if isinstance(event, Message):
            self.text.append(event.data)
            if event.message_finished:
                message = ("" if isinstance(event.data, str) else b"").join(self.text)
                self.text = []
                log(received=kind(message), hex=raw(message).hex())
                if message == "done" and self.setup["closer"] == "ask":
                    self.out += self.frames.send(CloseConnection(code=self.setup["code"], reason=self.setup["reason"]))
        elif isinstance(event, Ping):
            log(received="ping", hex=bytes(event.payload).hex())
            self.out += self.frames.send(event.response())
        elif isinstance(event, Pong):
            log(received="pong", hex=bytes(event.payload).hex())
        elif isinstance(event, CloseConnection):
            log(closed=event.code, reason=event.reason or "")
            if self.setup["closer"] == "serve":
                self.out += self.frames.send(event.response())
            self.over = True

    def handle(self, event):
        import h2.events
        if isinstance(event, h2.events.RemoteSettingsChanged) and self.stream is None:
            self.connect()
        elif isinstance(event, h2.events.ResponseReceived):
            fields = dict(event.headers)
            assert fields[":status"] == "200", fields
            agreed = fields.get("sec-websocket-extensions", "")
            assert bool(agreed) == bool(self.deflate), f"extensions: {agreed!r}"
            if self.deflate:
                self.deflate.finalize(agreed)
            self.say_all()
        elif isinstance(event, h2.events.DataReceived):
            self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if event.data:  # hypercorn's last frame is empty
                self.frames.receive_data(event.data)
                for one in self.frames.events():
                    self.take(one)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)):
            self.over = True

    def run(self):
        while True:
            while self.out and (window := self.http.local_flow_control_window(self.stream)):
                room = min(window, self.http.max_outbound_frame_size)
                self.http.send_data(self.stream, self.out[:room])
                self.out = self.out[room:]
            if self.over:
                break
            self.socket.sendall(self.http.data_to_send())
            for event in self.http.receive_data(self.socket.recv(65536)):
                self.handle(event)
        self.http.end_stream(self.stream)
        self.http.close_connection()
        self.socket.sendall(self.http.data_to_send())
        self.socket.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(json.loads(sys.argv[2]))
    else:
        Client(json.loads(sys.argv[2]), int(sys.argv[3])).run()
