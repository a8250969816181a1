# SPDX-License-Identifier: Apache-2.0
"""keep_alive.py with asyncio, whose TLS objects have memory BIOs. Usage: keep_alive_asyncio.py PORT CERT CONNECTIONS"""
import asyncio
import ssl
import sys

context = ssl.create_default_context(cafile=sys.argv[2])
context.check_hostname = False


async def ask(n, word, reader, writer):
    writer.write(f"GET /{word}/{n} HTTP/1.1\r\nHost: localhost:{sys.argv[1]}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(f"{word} {n}: {head[:40]}")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.split(b":")[1]))


async def main():
    connections = [await asyncio.open_connection("127.0.0.1", int(sys.argv[1]), ssl=context)
                   for _ in range(int(sys.argv[3]))]

    async def ask_all(word):
        await asyncio.gather(*(ask(n, word, *pair) for n, pair in enumerate(connections)))

    await ask_all("first")
    print(*(writer.get_extra_info("sockname")[1] for _, writer in connections), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        await ask_all(line.strip())
        print("done", line.strip(), flush=True)


asyncio.run(main())
