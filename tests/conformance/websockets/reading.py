# SPDX-License-Identifier: Apache-2.0
"""A connection recorded between two peers, and what websocket_read says of it."""
import asyncio
import subprocess
import tempfile


def fields(head):
    lines = head.decode('latin-1').split('\r\n')[1:]
    return {name.lower(): value.strip() for name, value in (line.split(':', 1) for line in lines)}


def read(reader, who, heads, body):
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        run = subprocess.run(
            [reader, who, heads['client']['sec-websocket-key'], heads['server']['sec-websocket-accept'],
             heads['server'].get('sec-websocket-extensions', ''), file.name],
            capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.splitlines()


async def start_relay(port, streams, ended):
    """A server in front of 127.0.0.1:`port`. What passes is added to `streams` of "client" and "server"; ended() is called
    when a connection is over."""
    async def pump(reader, writer, who):
        while data := await reader.read(65536):
            streams[who] += data
            writer.write(data)
            await writer.drain()
        writer.close()

    async def relay(reader, writer):
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, back_writer, "client"), pump(back_reader, writer, "server"))
        ended()

    return await asyncio.start_server(relay, "127.0.0.1", 0)
