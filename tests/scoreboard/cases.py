# SPDX-License-Identifier: Apache-2.0
"""The matrix: which programs exchange what."""
from dataclasses import dataclass, field

KIB, MIB = 1 << 10, 1 << 20
NONCE_BYTES = 16


@dataclass
class Case:
    name: str
    server: str  # a key of drive.PROGRAMS, or "nginx"
    client: str  # a key of drive.PROGRAMS, or "curl"
    flags: dict = field(default_factory=dict)  # of both oracles, see oracles/oracle.c
    late: bool = False  # the connections are made, and used, before the contender starts
    processes: int = 1  # clients, one after the other, each a process with its own connections
    cost: bool = False  # is also run without a contender, for the price per call
    sizes: tuple = ()  # curl: answer sizes


def exchange(name, server, client, conns=1, size=1 * KIB, up=None, down=None, write=16 * KIB, **more):
    flags = {"conns": conns, "up": size if up is None else up, "down": size if down is None else down, "write": write}
    flags["rounds"] = more.pop("rounds", 2)
    if min(flags["up"], flags["down"]) * flags["rounds"] < NONCE_BYTES:
        flags["rounds"] = 2 * NONCE_BYTES  # so that the nonce fits into all messages together
    for key in ("threads", "abrupt"):
        if key in more:
            flags[key] = more.pop(key)
    return Case(name, server, client, flags, **more)


def quick():
    yield exchange("c-blocking 1KiB cost", "c-blocking", "c-blocking", rounds=10000, cost=True)
    yield exchange("c-blocking 1B", "c-blocking", "c-blocking", size=1, rounds=2000)
    yield exchange("c-blocking 1B writes", "c-blocking", "c-blocking", size=5000, write=1, conns=2)
    yield exchange("c-blocking 64MiB/8MiB", "c-blocking", "c-blocking", up=64 * MIB, down=1000, write=8 * MIB, rounds=1)
    yield exchange("c-blocking 64 threads", "c-blocking", "c-blocking", size=40 * KIB, conns=128, threads=64)
    yield exchange("c-epoll 200 conns", "c-epoll", "c-epoll", size=100 * KIB, conns=200)
    yield exchange("c-epoll 8MiB writes", "c-epoll", "c-epoll", up=16 * MIB, down=8 * MIB, write=8 * MIB, conns=4, rounds=1)
    yield exchange("c-membio 200 conns", "c-membio", "c-membio", size=20 * KIB, conns=200)
    yield exchange("c-membio 8MiB writes", "c-membio", "c-membio", size=8 * MIB, write=8 * MIB, rounds=1)
    # Long enough for the probes that such programs need, which come when the first handshake has shown it.
    yield exchange("c-ownbio 50 conns", "c-ownbio", "c-ownbio", size=20 * KIB, conns=50, rounds=40)
    yield exchange("py-blocking", "py-blocking", "py-blocking", size=300 * KIB, write=64 * KIB, conns=10)
    yield exchange("py-threads 16", "py-threads", "py-threads", size=100 * KIB, conns=64, threads=16)
    yield exchange("py-asyncio 200 conns", "py-asyncio", "py-asyncio", size=20 * KIB, conns=200)
    yield exchange("node 50 conns", "node", "node", size=50 * KIB, conns=50)
    yield Case("nginx curl", "nginx", "curl", sizes=(1, 100, 1 * KIB, 100 * KIB, 8 * MIB))
    yield exchange("late c-blocking", "c-blocking", "c-blocking", conns=16, size=5000, late=True)
    yield exchange("late py-blocking", "py-threads", "py-blocking", size=5000, late=True)
    yield exchange("late py-asyncio", "py-asyncio", "py-asyncio", size=5000, late=True)
    yield exchange("20ms processes", "c-epoll", "c-blocking", size=2000, processes=30)
    yield exchange("20ms abrupt ends", "c-epoll", "c-blocking", size=2000, processes=30, abrupt=True)


PAIRS = (("c-blocking", "c-blocking"), ("c-epoll", "c-epoll"), ("c-membio", "c-membio"), ("py-blocking", "py-blocking"),
         ("py-asyncio", "py-asyncio"), ("node", "node"), ("c-epoll", "py-asyncio"), ("node", "c-blocking"))
SIZES = (1, 100, 1 * KIB, 16 * KIB, 16 * KIB + 1, 1 * MIB, 8 * MIB, 64 * MIB)
WRITES = (1, 1 * KIB, 16 * KIB, 1 * MIB, 8 * MIB)
MAX_CALLS = 20000  # per message: more says nothing new and takes minutes


def label(size):
    return f"{size // MIB}MiB" if size and size % MIB == 0 else f"{size // KIB}KiB" if size and size % KIB == 0 else f"{size}B"


def full():
    yield from quick()
    for server, client in PAIRS:
        for size in SIZES:
            for write in WRITES:
                if write <= max(size, 1) and size / write <= MAX_CALLS:
                    yield exchange(f"{server}<{client} {label(size)}/{label(write)}", server, client, size=size,
                                   write=write, rounds=1 if size > MIB else 4)
    for threads in (1, 4, 16, 64):
        yield exchange(f"c-blocking threads {threads}", "c-blocking", "c-blocking", size=64 * KIB, conns=2 * threads,
                       threads=threads, rounds=4)
        yield exchange(f"py-threads threads {threads}", "py-threads", "py-threads", size=64 * KIB, conns=2 * threads,
                       threads=threads, rounds=4)
    for server in ("c-epoll", "c-membio", "py-asyncio", "node"):
        yield exchange(f"{server} 200 conns 1MiB", server, "c-epoll", size=1 * MIB, conns=200, rounds=1)
    # Each is written and read once at both ends.
    yield exchange("c-blocking 1M messages", "c-blocking", "c-blocking", size=100, conns=8, threads=2, rounds=62500)
    yield Case("nginx curl 64MiB", "nginx", "curl", sizes=(64 * MIB,))
