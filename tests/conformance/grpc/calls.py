# SPDX-License-Identifier: Apache-2.0
"""What libqtap says of gRPC calls, in the words of the peers' logs, and how it differs from them."""
import collections
import hashlib
import json

from relay import told

CUT = "cut"  # the status of a call that ended without one: a client gave it up


def status_of(tx):
    status = tx.get("grpc.status")
    if status is None and tx.get("http.res.truncated_reason") == "aborted":
        return CUT
    return status


def lines_of(connections, role, rng):
    """A line of each call. What libqtap counts must be what it told one by one."""
    messages = collections.defaultdict(list)
    transactions = told(connections, role, rng, lambda m: messages[m.transaction["transaction.id"], m.message].append(m))
    lines = []
    for tx in transactions:
        asked, answered = (messages[tx["transaction.id"], part] for part in ("request", "response"))
        for part, name in ((asked, "req"), (answered, "res")):
            assert tx[f"grpc.{name}.messages"] == len(part), (tx["grpc.method"], name, tx[f"grpc.{name}.messages"], len(part))
            assert tx[f"grpc.{name}.bytes"] == sum(m.wire_length for m in part), (tx["grpc.method"], name)
            assert tx[f"grpc.{name}.compressed"] == sum("compressed" in m.flags for m in part), (tx["grpc.method"], name)
            assert not any(m.flags - {"compressed"} for m in part), (tx["grpc.method"], name, [m.flags for m in part])
        lines.append({"service": tx["grpc.service"], "method": tx["grpc.method"], "protocol": tx["protocol"],
                      "requests": [m.payload.hex() for m in asked], "responses": [m.payload.hex() for m in answered],
                      "status": status_of(tx), "message": tx.get("grpc.message", ""),
                      "compressed": ["compressed" in part[0].flags if part else None for part in (asked, answered)],
                      "type": next(value for name, value in tx.request_headers if name.lower() == "content-type"),
                      "trailers_only": "grpc-status" in dict(tx.response_headers)})
    return lines


def in_short(messages):
    """Hexadecimal of any length, as something that fits a line of a test's output."""
    return [one if len(one) <= 24 else f"{len(one) // 2} bytes {hashlib.sha256(one.encode()).hexdigest()[:8]}"
            for one in messages]


def compare(who, theirs, ours, members):
    """The differences between two lists of lines in any order, as text."""
    def bag(lines):
        short = [{**line, "requests": in_short(line["requests"]), "responses": in_short(line["responses"])} for line in lines]
        return collections.Counter(json.dumps({member: line[member] for member in members}) for line in short)

    only_theirs, only_ours = (list(one.elements()) for one in (bag(theirs) - bag(ours), bag(ours) - bag(theirs)))
    if not only_theirs and not only_ours:
        return []
    return [f"{who}: {len(theirs)} of theirs, {len(ours)} of ours; only theirs {only_theirs[:2]}; only ours {only_ours[:2]}"]
