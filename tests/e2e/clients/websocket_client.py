# SPDX-License-Identifier: Apache-2.0
"""Talks to servers/websocket_server.py: text, binary, empty, fragmented, large; with and without compression. Prints a
JSON line when a connection is over: what went and what came. Usage: websocket_client.py PORT"""
import asyncio
import json
import random
import sys

import websockets


def kept(message):
    return ["text", message.encode().hex()] if isinstance(message, str) else ["binary", message.hex()]


async def fragments():
    for part in ("one ", "two ", "three"):
        yield part


async def talk(compression, last, code):
    random.seed(7)
    messages = ["hello", "hello", "", b"\x00\x01\x02", "hello hello hello " * 50, random.randbytes(70000),
                "grüße", b"x" * 300000, *[f"message {i}" for i in range(50)], *last]
    went, came = [], []
    url = f"ws://127.0.0.1:{sys.argv[1]}/echo"
    async with websockets.connect(url, compression=compression, max_size=None) as socket:
        await socket.send(fragments())
        went.append(kept("one two three"))
        came.append(kept(await socket.recv()))
        await (await socket.ping(b"are you there"))
        for message in messages:
            await socket.send(message)
            went.append(kept(message))
            came.append(kept(await socket.recv()))
        if not last:
            await socket.close(code, "done")
        await socket.wait_closed()
        print(json.dumps({"requests": went, "responses": came, "code": socket.close_code}), flush=True)


asyncio.run(talk("deflate", [], 1000))
asyncio.run(talk(None, ["close now"], 4001))
