#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two peers of npm's ws talk through a relay that records; our reader must say what their logs say: each message with its
kind, compression, number of frames and bytes, each ping and pong, the close code and its reason.

Usage: run_ws.py WEBSOCKET_READ
"""
import asyncio
import json
import os
import pathlib
import shutil
import subprocess
import sys

from reading import fields, read, start_relay

HERE = pathlib.Path(__file__).resolve().parent
# Debian puts its packages where its node looks; another node (of a CI image) is told.
ENV = {**os.environ, "NODE_PATH": os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))}
DEADLINE_S = 100

# name: (options of permessage-deflate, who closes, code or 0 for none, reason)
SETUPS = {
    "plain": (None, "ask", 1000, "genug für heute"),
    "takeover": ({}, "ask", 1000, ""),
    "no takeover": ({"serverNoContextTakeover": True, "clientNoContextTakeover": True}, "serve", 1001, "going away"),
    "server no takeover": ({"serverNoContextTakeover": True}, "serve", 4001, "x" * 123),
    "small windows": ({"serverMaxWindowBits": 9, "clientMaxWindowBits": 10}, "ask", 3000, "ä"),
    "no code": ({}, "serve", 0, ""),
}


async def converse(setup):
    """(bytes of each end, log of each end)"""
    streams = {"client": b"", "server": b""}
    ended = []

    async def start(role, *argv):
        return await asyncio.create_subprocess_exec(
            "node", str(HERE / "ws.js"), role, json.dumps(setup), *argv, env=ENV, limit=2**24,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    server = await start("serve")
    client = None
    try:
        port = json.loads(await server.stdout.readline())["port"]
        front = await start_relay(port, streams, lambda: ended.append(True))
        client = await start("ask", str(front.sockets[0].getsockname()[1]))
        outs = await asyncio.gather(client.stdout.read(), server.stdout.read())
        statuses = [await client.wait(), await server.wait()]
        front.close()
    finally:
        for process in filter(None, (client, server)):
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert statuses == [0, 0], f"node ended with {statuses}"
    assert len(ended) == 1, f"{len(ended)} connections have ended"
    logs = [[json.loads(line) for line in out.splitlines()] for out in outs]
    return streams, dict(zip(("client", "server"), logs))


def in_our_words(line):
    if line["sent"] == "ping":
        return f"ping whole {line['hex']}"
    return f"{line['sent']} {'inflated' if line['deflated'] else 'plain'} whole {line['frames']} {line['hex']}"


def close_payload(line):
    """1005: no code was sent (RFC 6455, 7.1.5)."""
    return "" if line["closed"] == 1005 else (line["closed"].to_bytes(2, "big") + line["reason"].encode()).hex()


def kind_and_bytes(line):
    words = line.split(" ")
    return words[0], words[-1]


def differences(told, mine, other):
    """Of what we tell of one end, what its own log and the log of the end that received it say."""
    sent = [in_our_words(line) for line in mine if "sent" in line]
    sent.append("close whole " + close_payload(next(line for line in mine if "closed" in line)))
    came = [(line["received"], line["hex"]) for line in other if "received" in line]
    came.append(("close", close_payload(next(line for line in other if "closed" in line))))
    pairs = [("sent", [line for line in told if not line.startswith("pong ")], sent),
             ("received", [kind_and_bytes(line) for line in told], came)]
    for name, ours, theirs in pairs:
        if ours != theirs:
            first = next((pair for pair in zip(ours, theirs) if pair[0] != pair[1]), "none")
            yield f"{name}: {len(ours)} told, {len(theirs)} in the log; first difference {str(first)[:300]}"


def has_ws():
    found = shutil.which("node") and subprocess.run(["node", "-e", "require('ws')"], env=ENV, check=False,
                                                    capture_output=True)
    return found and found.returncode == 0


def main():
    if not has_ws():
        print("npm's ws is not installed (Debian: node-ws)")
        sys.exit(77)
    failed = 0
    for name, (deflate, closer, code, reason) in SETUPS.items():
        setup = {"deflate": deflate, "closer": closer, "code": code, "reason": reason}
        setup["isShort"] = name not in ("plain", "takeover")  # the largest messages once of each kind
        streams, logs = asyncio.run(asyncio.wait_for(converse(setup), DEADLINE_S))
        parts = {who: stream.split(b"\r\n\r\n", 1) for who, stream in streams.items()}
        heads = {who: fields(head) for who, (head, _) in parts.items()}
        if (deflate is not None) != ("sec-websocket-extensions" in heads["server"]):
            print(f"{name}: not agreed on as wanted")
            failed += 1
        for who, (_, body) in parts.items():
            told = read(sys.argv[1], who, heads, body)
            found = list(differences(told, logs[who], logs["server" if who == "client" else "client"]))
            print(f"{name}, {who}: {len(body)} bytes, {len(told)} lines {'DIFFER' if found else 'agree'}", *found, sep="\n  ")
            failed += bool(found)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
