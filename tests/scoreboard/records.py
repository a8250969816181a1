# SPDX-License-Identifier: Apache-2.0
"""Reads the JSON lines of a contender (README.md, "The format") into streams."""
import base64
import hashlib
from compare import Stream

HEAD_BYTES = 512


class Collector:
    """Turns `chunk`, `gap` and `address` lines of one connection and direction into a Stream."""

    def __init__(self, direction):
        self.stream, self.next, self.hash, self.head_at = Stream(direction), 0, None, 0

    def identify(self, record):
        self.stream.pid = record.get("pid") or self.stream.pid
        self.stream.local = record.get("local") or self.stream.local
        self.stream.remote = record.get("remote") or self.stream.remote
        self.stream.late = self.stream.late or bool(record.get("late"))

    def chunk(self, record):
        data = base64.b64decode(record["data"])
        offset = record.get("offset", self.next)
        if self.hash is None or offset != self.next:
            self.close_segment()
            self.hash, self.start = hashlib.sha256(), offset
        if not self.stream.head:
            self.head_at = offset
        if offset == self.head_at + len(self.stream.head):
            self.stream.head += data[:HEAD_BYTES - len(self.stream.head)]
        self.hash.update(data)
        self.next = offset + len(data)

    def gap(self, record):
        """`len` bytes are missing here; without it, nobody knows how many: what follows has no known place."""
        self.stream.lost += record.get("len") or 1
        self.close_segment()
        self.next += record.get("len") or 0

    def close_segment(self):
        if self.hash is not None:
            self.stream.segments.append((self.start, self.next - self.start, self.hash.hexdigest()))
            self.hash = None


def whole_stream(record):
    return Stream(record["dir"], record.get("pid", 0), record.get("local"), record.get("remote"),
                  bool(record.get("late")), record.get("lost", 0), record.get("undecrypted"),
                  bytes.fromhex(record.get("head", "")), [tuple(one) for one in record.get("segments", [])])


def streams_of(records):
    """(streams, losses that belong to no known stream)"""
    streams, collectors, lost = [], {}, 0
    for record in records:
        kind = record["ev"]
        if kind == "stream":
            streams.append(whole_stream(record))
        elif kind == "lost":
            lost += record["count"]
        elif kind in ("chunk", "gap", "address"):
            directions = (record["dir"],) if "dir" in record else ("sent", "received")
            for direction in directions:
                one = collectors.setdefault((record["conn"], direction), Collector(direction))
                one.identify(record)
                if kind != "address":
                    getattr(one, kind)(record)
    for one in collectors.values():
        one.close_segment()
        streams.append(one.stream)
    return streams, lost
