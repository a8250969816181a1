# SPDX-License-Identifier: Apache-2.0
"""Echoes WebSocket messages until the client closes. Prints its port, then a JSON line for each connection that is
over: what came and what went, in order, and the close codes. Usage: websocket_server.py"""
import asyncio
import json

import websockets


def kept(message):
    return ["text", message.encode().hex()] if isinstance(message, str) else ["binary", message.hex()]


async def serve(socket, _path=None):
    came, went = [], []
    try:
        async for message in socket:
            came.append(kept(message))
            went.append(came[-1])
            await socket.send(message)
            if message == "close now":
                await socket.close(4001, "as you wish")
                break
    except websockets.ConnectionClosed:
        pass
    await socket.wait_closed()
    print(json.dumps({"requests": came, "responses": went, "code": socket.close_code}), flush=True)


async def main():
    async with websockets.serve(serve, "127.0.0.1", 0, max_size=None) as server:
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
