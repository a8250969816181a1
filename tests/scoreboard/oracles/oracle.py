#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The oracle in Python: `oracle.py blocking|threads|asyncio server|client ...`, flags as in oracle.c. `ssl.wrap_socket`
gives OpenSSL the socket (blocking, threads); asyncio moves the ciphertext itself, over memory BIOs."""
import argparse
import asyncio
import hashlib
import json
import os
import secrets
import signal
import socket
import ssl
import sys
import threading
import time

NONCE_BYTES, BLOCK_BYTES, READ_BYTES = 16, 65521, 64 << 10
DEADLINE_S = 300

calls = 0


def emit(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Flow:
    """One direction: its bytes so far."""

    def __init__(self, nonce=b""):
        self.nonce, self.hash, self.bytes = nonce, hashlib.sha256(), 0
        self.block = hashlib.shake_128(nonce).digest(BLOCK_BYTES) if nonce else b""

    def add(self, data):
        if self.bytes < NONCE_BYTES and len(self.nonce) < NONCE_BYTES:
            self.nonce += bytes(data[:NONCE_BYTES - self.bytes])
        self.hash.update(data)
        self.bytes += len(data)

    def following(self, count):
        """The next bytes to be sent."""
        out = bytearray(self.nonce[self.bytes:self.bytes + count])
        while len(out) < count:
            at = (self.bytes + len(out) - NONCE_BYTES) % BLOCK_BYTES
            out += self.block[at:at + count - len(out)]
        return bytes(out)


class Truth:
    """Both directions of a phase of a connection."""

    def __init__(self, args, phase=0):
        self.args, self.phase = args, phase
        self.sent, self.received = Flow(secrets.token_hex(NONCE_BYTES // 2).encode()), Flow()

    def pieces(self, message):
        """The message that is to be sent, cut into writes; counted when the next one is asked for."""
        global calls
        while message > 0:
            data = self.sent.following(min(message, self.args.write))
            yield data
            self.sent.add(data)
            calls += 1
            message -= len(data)

    def take(self, data):
        """Counts what a read gave; returns its length."""
        global calls
        if not data:
            sys.exit("oracle.py: unexpected end")
        self.received.add(data)
        calls += 1
        return len(data)

    def turns(self):
        """(is it ours to send?, bytes) of all messages in order."""
        for _ in range(self.args.rounds):
            yield not self.args.is_server, self.args.up
            yield self.args.is_server, self.args.down

    def tell(self, local, remote):
        for name, flow in (("sent", self.sent), ("received", self.received)):
            emit(ev="truth", pid=os.getpid(), role=self.args.role, phase=self.phase, dir=name,
                 local="%s:%d" % local[:2], remote="%s:%d" % remote[:2], nonce=flow.nonce.decode("latin-1"),
                 bytes=flow.bytes, sha256=flow.hash.hexdigest())


def context(args):
    if not args.is_server:
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        return ctx
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(args.cert, args.key)
    return ctx


def phases(args):
    """A truth for each phase. A client that holds waits before the second, an event loop with all its connections."""
    for phase in range(args.phases):
        if phase and args.hold:
            emit(ev="held")
            sys.stdin.readline()
        yield Truth(args, phase)


def exchange(args, plain, ctx):
    """A whole connection with a blocking socket."""
    with ctx.wrap_socket(plain, server_side=args.is_server, suppress_ragged_eofs=True) as tls:
        for truth in phases(args):
            for ours, size in truth.turns():
                if ours:
                    for data in truth.pieces(size):
                        tls.sendall(data)
                while not ours and size > 0:
                    size -= truth.take(tls.recv(min(size, READ_BYTES)))
            truth.tell(tls.getsockname(), tls.getpeername())
        try:
            if args.is_server:  # the client says goodbye first
                tls.recv(1)
            else:
                tls.unwrap()
        except OSError:
            pass


def run_blocking(args, ctx):
    """One connection after the other; with `threads`, so many at a time (a server: each has its thread)."""
    if args.is_server:
        listener = socket.create_server(("127.0.0.1", args.port), backlog=1024)
        emit(ev="listening", port=listener.getsockname()[1])
        if args.mode == "blocking":
            for _ in range(args.conns):
                exchange(args, listener.accept()[0], ctx)
            return
        work = []
        for _ in range(args.conns):
            work.append(threading.Thread(target=exchange, args=(args, listener.accept()[0], ctx)))
            work[-1].start()
    else:
        def some(first):
            for _ in range(first, args.conns, args.threads):
                exchange(args, socket.create_connection(("127.0.0.1", args.port)), ctx)

        work = [threading.Thread(target=some, args=(first,)) for first in range(args.threads)]
        for thread in work:
            thread.start()
    for thread in work:
        thread.join()


async def exchange_asyncio(args, reader, writer):
    for truth in phases(args):
        for ours, size in truth.turns():
            if ours:
                for data in truth.pieces(size):
                    writer.write(data)
                    await writer.drain()
            while not ours and size > 0:
                size -= truth.take(await reader.read(min(size, READ_BYTES)))
        truth.tell(writer.get_extra_info("sockname"), writer.get_extra_info("peername"))
    try:
        if args.is_server:
            await reader.read(1)
        writer.close()
        await writer.wait_closed()
    except (OSError, ssl.SSLError):
        pass


async def run_asyncio(args, ctx):
    if not args.is_server:
        async def one():
            await exchange_asyncio(args, *await asyncio.open_connection("127.0.0.1", args.port, ssl=ctx))
        await asyncio.gather(*(one() for _ in range(args.conns)))
        return
    done, over = 0, asyncio.Event()

    async def serve(reader, writer):
        nonlocal done
        await exchange_asyncio(args, reader, writer)
        done += 1
        if done == args.conns:
            over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", args.port, ssl=ctx, backlog=1024)
    emit(ev="listening", port=server.sockets[0].getsockname()[1])
    await over.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("blocking", "threads", "asyncio"))
    parser.add_argument("role", choices=("server", "client"))
    for name, default in (("port", 0), ("conns", 1), ("threads", 1), ("rounds", 1), ("up", 1024), ("down", 1024),
                          ("write", 16384), ("phases", 1)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--hold", action="store_true")
    args = parser.parse_args()
    args.is_server = args.role == "server"
    signal.alarm(DEADLINE_S)  # a hung exchange must not hang the run
    ctx = context(args)
    if args.mode == "asyncio":
        asyncio.run(run_asyncio(args, ctx))
    else:
        run_blocking(args, ctx)
    emit(ev="cost", calls=calls, cpu_ns=time.process_time_ns())


if __name__ == "__main__":
    main()
