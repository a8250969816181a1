#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A WebSocket over HTTP/2 (RFC 8441) between real peers in pairs, without TLS, through a relay that records: npm's ws on
node's HTTP/2, hypercorn's server, and h2 with wsproto as a client. Each message that one end logs as sent and the other as
received is what libqtap tells, with its compression, and the close code: seen from the client as the bytes came, from the
server cut at random.

Usage: run_http2.py [PAIR...]. Pairs whose peers are not installed are named; 77 when there was such a one.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))

from relay import Relay, told  # noqa: E402
from waiting import DEADLINE_S, wait  # noqa: E402

ENV = {**os.environ, "NODE_PATH": os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))}
NODE, PYTHON = ["node", HERE / "ws.js"], ["/usr/bin/python3", HERE / "http2_peers.py"]
CLIENTS = {"ws": [*NODE, "ask2"], "wsproto": [*PYTHON, "ask"]}
SERVERS = {"ws": [*NODE, "serve2"], "hypercorn": [*PYTHON, "serve"]}
PROBES = {"ws": ["node", "-e", "require('ws')"], "wsproto": [PYTHON[0], "-c", "import wsproto, h2"],
          "hypercorn": [PYTHON[0], "-c", "import hypercorn"]}

# (options of permessage-deflate, who closes, code, reason)
PLAIN, TAKEOVER = (None, "ask", 1000, "genug f\u00fcr heute"), ({}, "serve", 4001, "x" * 123)
NO_TAKEOVER = ({"serverNoContextTakeover": True, "clientNoContextTakeover": True, "serverMaxWindowBits": 9}, "ask", 3000, "")
PAIRS = {
    ("ws", "ws"): [PLAIN, TAKEOVER, NO_TAKEOVER],
    ("wsproto", "hypercorn"): [PLAIN, TAKEOVER],
    # hypercorn 0.13 does not end a stream that its client has closed, and ws waits for that: the server closes.
    ("wsproto", "ws"): [TAKEOVER],
    ("ws", "hypercorn"): [TAKEOVER],
}
OPCODES = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def is_there(name):
    argv = PROBES[name]
    return shutil.which(argv[0]) and subprocess.run(argv, env=ENV, check=False, capture_output=True).returncode == 0


def lines_of(path):
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def converse(client, server, setup):
    """(log of the client, log of the server, what was recorded)"""
    with tempfile.TemporaryDirectory() as folder:
        logs = {role: pathlib.Path(folder) / role for role in ("client", "server")}
        with logs["server"].open("wb") as out:
            serving = subprocess.Popen([*SERVERS[server], setup], env=ENV, stdout=out, stdin=subprocess.DEVNULL)
        try:
            port = wait("port", lambda: lines_of(logs["server"]))[0]["port"]
            relay = Relay(port)
            with logs["client"].open("wb") as out:
                subprocess.run([*CLIENTS[client], setup, str(relay.port)], env=ENV, stdout=out, stdin=subprocess.DEVNULL,
                               check=True, timeout=DEADLINE_S)
            recorded = relay.finish()
            # That of ws ends by itself and says how the connection ended; hypercorn serves on.
            if server == "ws":
                assert serving.wait(DEADLINE_S) == 0, f"the server ended with {serving.returncode}"
            # What the client said last.
            wait("end of the server's log", lambda: {"received": "text", "hex": b"done".hex()} in lines_of(logs["server"]))
        finally:
            if serving.poll() is None:
                serving.terminate()
                serving.wait(DEADLINE_S)
        return *(lines_of(path) for path in logs.values()), recorded


def in_our_words(message):
    assert not message.flags - {"compressed"}, message.flags
    return OPCODES[message.opcode], "compressed" in message.flags, message.payload.hex()


def differences(ours, sender, receiver):
    """Of one direction: what libqtap tells, the log of the end that sent it and that of the one that received it."""
    sent = [(line["sent"], line.get("deflated", False), line["hex"]) for line in sender if "sent" in line]
    came = [(line["received"], line["hex"]) for line in receiver if "received" in line]
    kinds = {kind for kind, _ in came} | {"text", "binary"}  # hypercorn keeps pings to itself
    pairs = [("sent", [one for one in ours if one[0] not in ("pong", "close")], sent),
             ("received", [(kind, raw) for kind, _, raw in ours if kind in kinds], came)]
    closes = [raw for kind, _, raw in ours if kind == "close"]
    logged = [(line["closed"].to_bytes(2, "big") + line["reason"].encode()).hex() for line in receiver if "closed" in line]
    pairs.append(("close", closes, logged or closes[:1]))  # nor does it tell of the client's close
    for name, mine, theirs in pairs:
        if mine != theirs:
            first = next((pair for pair in zip(mine, theirs) if pair[0] != pair[1]), "none")
            yield f"{name}: {len(mine)} told, {len(theirs)} in the log; first difference {str(first)[:300]}"


def check(client, server, setup):
    asked, served, recorded = converse(client, server, json.dumps(setup))
    failures = []
    for role, name, rng in (("client", "as it came", None), ("server", "cut at random", random.Random(1))):
        messages = []
        [tx] = told(recorded, role, rng, messages.append)
        parts = {part: [in_our_words(m) for m in messages if m.message == part] for part in ("request", "response")}
        found = [*differences(parts["request"], asked, served), *differences(parts["response"], served, asked)]
        facts = {"http.req.method": "CONNECT", "http.req.path": "/chat?x=1", "http.res.status": 200}
        for part, ours in (("req", parts["request"]), ("res", parts["response"])):
            facts[f"websocket.{part}.messages"] = sum(kind in ("text", "binary") for kind, _, _ in ours)
            facts[f"websocket.{part}.close_code"] = setup["code"]
        found += [f"{field} is {tx.get(field)}, not {value}" for field, value in facts.items() if tx.get(field) != value]
        failures += [f"{role}, {name}: {one}" for one in found]
    return failures, len(messages)


def main():
    skipped = failed = 0
    for (client, server), setups in PAIRS.items():
        pair = f"{client} and {server}"
        if sys.argv[1:] and pair not in sys.argv[1:]:
            continue
        if lacks := [name for name in (client, server) if not is_there(name)]:
            print(f"{pair}: skipped, {lacks[0]} is not installed")
            skipped += 1
            continue
        for deflate, closer, code, reason in setups:
            setup = {"deflate": deflate, "closer": closer, "code": code, "reason": reason}
            setup["isShort"] = pair != "ws and ws" or closer != "serve"  # the largest messages once
            failures, count = check(client, server, setup)
            how = "plain" if deflate is None else f"compressed {deflate or ''}".strip()
            print(f"{pair}, {how}: {'FAILED' if failures else 'agree'}, {count} messages", *failures, sep="\n  ", flush=True)
            failed += bool(failures)
    sys.exit(1 if failed else 77 if skipped else 0)


if __name__ == "__main__":
    main()
