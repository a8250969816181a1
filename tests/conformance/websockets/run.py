#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two python websockets talk through a relay that records; our reader must say what they said.

Usage: run.py WEBSOCKET_READ
"""
import asyncio
import random
import sys

from reading import fields, read, start_relay

try:
    import websockets
    from websockets.extensions.permessage_deflate import (ClientPerMessageDeflateFactory,
                                                           ServerPerMessageDeflateFactory)
except ImportError:
    print('python websockets is not installed')
    sys.exit(77)

# Of the deflate factories of client and server; None: no compression.
SETUPS = {
    'plain': None,
    'takeover': {},
    'no takeover': {'server_no_context_takeover': True, 'client_no_context_takeover': True},
    'server no takeover': {'server_no_context_takeover': True},
    'small windows': {'server_max_window_bits': 9, 'client_max_window_bits': 10},
}


def script(seed):
    """Messages: text, bytes, a list of either (fragments), or ('ping', bytes)."""
    rng = random.Random(seed)
    words = ['alpha', 'beta', 'gämma', '漢字', '😀', ' ', '\n', '0' * 50]
    for size in [0, 1, 125, 126, 127, 65535, 65536, 200000]:
        yield rng.randbytes(size)
        yield 'x' * size
    for _ in range(60):
        text = ''.join(rng.choices(words, k=rng.randrange(200)))
        yield text
        yield [text[i:i + 40] for i in range(0, len(text), 40)] or ['']
        yield ('ping', rng.randbytes(rng.randrange(126)))
        yield [rng.randbytes(rng.randrange(300)) for _ in range(rng.randrange(1, 6))]


def expected(message, is_deflated):
    if isinstance(message, tuple):
        return f'ping whole {message[1].hex()}'
    parts = message if isinstance(message, list) else [message]
    kind = 'text' if isinstance(parts[0], str) else 'binary'
    payload = b''.join(p.encode() if isinstance(p, str) else p for p in parts)
    # The library sends an empty final frame behind fragments.
    frames = len(parts) + 1 if isinstance(message, list) else 1
    return f'{kind} {"inflated" if is_deflated else "plain"} whole {frames} {payload.hex()}'


async def talk(connection, seed, log):
    answers = []
    for message in script(seed):
        if isinstance(message, tuple):
            answers.append(await connection.ping(message[1]))
        else:
            await connection.send(message)
        log.append(message)
    await asyncio.gather(*answers)


async def converse(options):
    streams = {'client': b'', 'server': b''}
    logs = {'client': [], 'server': []}
    done = asyncio.Event()

    async def serve(connection):
        reading = asyncio.ensure_future(read_all(connection))
        await talk(connection, 2, logs['server'])
        await reading
        done.set()

    async def read_all(connection):
        async for _ in connection:
            pass

    client_options = server_options = {}
    if options is not None:
        client = {'client_max_window_bits': True, **options}
        client_options = {'extensions': [ClientPerMessageDeflateFactory(**client)]}
        server_options = {'extensions': [ServerPerMessageDeflateFactory(**options)]}
    common = {'compression': None, 'max_size': None, 'ping_interval': None, 'max_queue': None}
    async with websockets.serve(serve, '127.0.0.1', 0, **common, **server_options) as server:
        port = server.sockets[0].getsockname()[1]
        front = await start_relay(port, streams, lambda: None)
        front_port = front.sockets[0].getsockname()[1]
        async with websockets.connect(f'ws://127.0.0.1:{front_port}/', **common,
                                      **client_options) as connection:
            reading = asyncio.ensure_future(read_all(connection))
            await talk(connection, 1, logs['client'])
            while len(logs['server']) < len(list(script(2))):
                await asyncio.sleep(0.01)
            await connection.close(1000, 'genug für heute')
            await reading
        await asyncio.wait_for(done.wait(), 30)
        front.close()
    return streams, logs


def main():
    failed = 0
    for name, options in SETUPS.items():
        streams, logs = asyncio.run(asyncio.wait_for(converse(options), 60))
        parts = {who: stream.split(b'\r\n\r\n', 1) for who, stream in streams.items()}
        heads = {who: fields(head) for who, (head, _) in parts.items()}
        is_deflated = options is not None
        if is_deflated != ('sec-websocket-extensions' in heads['server']):
            print(f'{name}: not agreed on as wanted')
            failed += 1
        for who, (_, body) in parts.items():
            told = read(sys.argv[1], who, heads, body)
            # Answers to pings come when the library likes; what it sends by script is in order.
            pongs = [line for line in told if line.startswith('pong ')]
            told = [line for line in told if not line.startswith('pong ')]
            wanted = [expected(message, is_deflated) for message in logs[who]]
            wanted.append('close whole ' + (b'\x03\xe8' + 'genug für heute'.encode()).hex())
            other = 'server' if who == 'client' else 'client'
            pings = [expected(message, False) for message in logs[other] if isinstance(message, tuple)]
            if [pong.replace('pong', 'ping') for pong in pongs] != pings or told != wanted:
                differ = next((pair for pair in zip(told, wanted) if pair[0] != pair[1]), None)
                print(f'{name}, {who}: {len(told)} told, {len(wanted)} wanted, {len(pongs)} pongs of '
                      f'{len(pings)}; first difference: {str(differ)[:300]}')
                failed += 1
            else:
                print(f'{name}, {who}: {len(body)} bytes, {len(told)} lines and {len(pongs)} pongs agree')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
