#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""QUIC between ngtcp2's client and server, through a relay that records datagrams. The client's own log says of each one
what it begins with: an Initial packet of a version that is known is named http3, and nothing else is.

Usage: run.py DATAGRAM_NAMES. 77: a peer is not installed.
"""
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

CLIENT, SERVER, OPENSSL = (shutil.which(name, path="/usr/bin:/usr/sbin") for name in ("gtlsclient", "gtlsserver", "openssl"))
QUIET = ["--no-quic-dump", "--no-http-dump"]
DEADLINE_S = 60
KNOWN_VERSION = "0x00000001"

# name: (more for the client, more for the server)
SETUPS = {
    "at once": ([], []),
    "after a Retry, a client without an id": (["--scid", ""], ["--validate-addr"]),
    "after Version Negotiation": (["--version", "0x1a2a3a4a", "--preferred-versions", "v1"], []),
    "many streams, an id of 17 bytes": (["-n", "20", "--scid", "0x" + "a5" * 17], []),
}


class Relay:
    """Passes datagrams on to a port of 127.0.0.1; `said`: [("Sent" or "Received", as the client sees it; bytes)]."""

    def __init__(self, port):
        self._to, self.said = ("127.0.0.1", port), []
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self.port = self._front.getsockname()[1]
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def _pass_on(self):
        backs = {}  # by address of the client: it takes another one after Version Negotiation
        while True:
            ready = select.select([self._wake, self._front, *backs.values()], [], [])[0]
            for end in ready:
                if end is self._front:
                    data, client = end.recvfrom(65536)
                    if client not in backs:
                        backs[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                        backs[client].connect(self._to)
                    self.said.append(("Sent", data))
                    backs[client].send(data)
                elif end != self._wake:
                    data = end.recv(65536)
                    self.said.append(("Received", data))
                    self._front.sendto(data, next(client for client, back in backs.items() if back is end))
            if self._wake in ready and len(ready) == 1:  # nothing is left
                for end in (self._front, *backs.values()):
                    end.close()
                return

    def finish(self):
        os.write(self._stop, b"x")
        self._thread.join(DEADLINE_S)
        os.close(self._stop)
        os.close(self._wake)
        return self.said


def wait_for_port(port):
    """Until somebody else has it."""
    end = time.monotonic() + DEADLINE_S
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return
        assert time.monotonic() < end, "the server does not listen"
        time.sleep(0.02)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def of_the_log(text):
    """[(word, length, type and version of the first packet)]: packets are logged before Sent, and behind Received."""
    datagrams, packets, received = [], [], None
    for line in text.splitlines():
        if found := re.search(r" pkt (tx|rx) pkn=.*?(?: version=(\w+))? type=(\w+)", line):
            if found[1] == "tx":
                packets.append((found[3], found[2]))
            elif received is not None and len(datagrams[received]) == 2:
                datagrams[received] += ((found[3], found[2]),)
        elif found := re.match(r"(Sent|Received) packet: .* (\d+) bytes$", line):
            datagrams.append((found[1], int(found[2])))
            if found[1] == "Sent":
                datagrams[-1] += (packets[0],)
                packets = []
            else:
                received = len(datagrams) - 1
    return datagrams


def name_of(length, packet):
    return "http3" if packet == ("Initial", KNOWN_VERSION) and length >= 1200 else "other"


def converse(folder, client, server):
    port = free_port()
    with (folder / "server").open("wb") as out:
        argv = [SERVER, *QUIET, *server, "-d", folder, "127.0.0.1", str(port), folder / "key", folder / "cert"]
        serving = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        relay = Relay(port)
        done = subprocess.run([CLIENT, *QUIET, *client, "--exit-on-all-streams-close", "127.0.0.1", str(relay.port),
                               "https://localhost/file"], capture_output=True, text=True, check=True, timeout=DEADLINE_S)
        return done.stderr + done.stdout, relay.finish()
    finally:
        serving.terminate()
        serving.wait(DEADLINE_S)


def check(names_of, folder, client, server):
    text, said = converse(folder, client, server)
    assert "Negotiated ALPN is h3" in text, text[-500:]
    named = subprocess.run([names_of], input="\n".join(data.hex() for _, data in said), capture_output=True, text=True,
                           check=True, timeout=DEADLINE_S).stdout.split()
    failures = []
    for word in ("Sent", "Received"):
        theirs = [(length, name_of(length, packets[0] if packets else None))
                  for which, length, *packets in of_the_log(text) if which == word]
        ours = [(len(data), name) for (which, data), name in zip(said, named) if which == word]
        if word == "Received":
            ours = ours[:len(theirs)]  # it leaves without reading what comes behind its last request
        if theirs != ours:
            first = next((pair for pair in zip(theirs, ours) if pair[0] != pair[1]), "none")
            failures.append(f"{word}: {len(theirs)} in the log, {len(ours)} passed; first difference {first}")
    return failures, len(said), named.count("http3")


def main():
    if not (CLIENT and SERVER and OPENSSL):
        print("a peer is not installed (Debian: ngtcp2-client, ngtcp2-server, openssl)")
        sys.exit(77)
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        folder / "key", "-out", folder / "cert", "-subj", "/CN=localhost"], check=True, capture_output=True)
        (folder / "file").write_bytes(b"x" * 5000)  # all streams fit into a socket: none is lost
        for setup, (client, server) in SETUPS.items():
            failures, count, named = check(sys.argv[1], folder, client, server)
            print(f"{setup}: {'FAILED' if failures else 'agree'}, {named} of {count} datagrams are named", *failures,
                  sep="\n  ", flush=True)
            failed += bool(failures)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
