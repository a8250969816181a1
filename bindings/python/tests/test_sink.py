# SPDX-License-Identifier: Apache-2.0
"""Storage written in Python, over capture.source=feed."""
import sys

import pytest
import qtap

from test_feed import REQUEST, exchange

CAPTURE_ALL = """
stacks: {s: {plugins: [{type: http_capture, config: {level: full}}]}}
tap: {http: {stack: s}}
"""


class Shelf:
    name = "shelf"

    def __init__(self):
        self.events, self.objects, self.closed = [], [], 0

    def put_event(self, event):
        self.events.append(event)

    def put_object(self, obj):
        self.objects.append(obj)

    def locate(self, obj):
        return f"shelf://{obj['object.digest']}"

    def close(self):
        self.closed += 1


def session_with(sink, threads=1):
    session = qtap.Session(config=qtap.Config({"capture.source": "feed", "worker.threads": threads}, yaml=CAPTURE_ALL))
    session.add_sink(sink)
    return session


@pytest.mark.parametrize("threads", [0, 1])
def test_a_sink_gets_events_and_objects_and_is_closed_once(threads):
    shelf = Shelf()
    with session_with(shelf, threads) as session:
        exchange(session)
        session.flush(5000)
        assert [b"b2s=" in obj.data for obj in shelf.objects] == [True]
        url = f"shelf://{shelf.objects[0]['object.digest']}"
        assert any(url in event.json for event in shelf.events)
        assert session.stats["sink_dropped"] == 0
        assert shelf.closed == 0
    assert shelf.closed == 1


def test_again_is_retried():
    shelf, tries = Shelf(), []

    def put_object(obj):
        tries.append(obj)
        if len(tries) == 1:
            raise qtap.Again
        shelf.objects.append(obj)
    shelf.put_object = put_object
    with session_with(shelf) as session:
        exchange(session)
        session.flush(5000)
        assert len(tries) == 2 and len(shelf.objects) == 1
        assert session.stats["sink_retries"] == 1


def test_what_a_sink_raises_is_counted_and_said(monkeypatch):
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    shelf = Shelf()
    shelf.put_object = lambda obj: 1 / 0
    with session_with(shelf) as session:
        exchange(session)
        session.flush(5000)
        assert session.stats["sink_dropped"] == 1
    assert [type(hook.exc_value) for hook in said] == [ZeroDivisionError]
    assert "shelf.put_object" in said[0].err_msg


def test_two_sinks_of_one_name_are_refused():
    session = session_with(Shelf())
    with pytest.raises(qtap.QtapError, match="already used"):
        session.add_sink(Shelf())
    session.close()


class Bodies:
    name = "bodies"

    def __init__(self):
        self.chunks = []

    def put_body(self, chunk):
        self.chunks.append(chunk)


def long_answer(size):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size


@pytest.mark.parametrize("threads", [0, 1])
def test_a_body_beyond_the_buffer_comes_in_chunks_and_the_object_is_cut(threads):
    bodies, objects, body = Bodies(), [], bytes(range(256)) * 40_000
    config = qtap.Config({"capture.source": "feed", "worker.threads": threads, "capture.body_buffer": "1mb"},
                         yaml=CAPTURE_ALL)
    session = qtap.Session(config=config, on_object=objects.append)
    session.add_sink(bodies)
    with session:
        exchange(session, response=long_answer(len(body)) + body)
        session.flush(20_000)
        assert session.stats["sink_dropped"] == 0
    (obj,) = objects
    assert b'"missing_bytes":%d' % (len(body) - (1 << 20)) in obj.data and len(obj.data) < 2 << 20
    assert b"".join(chunk.bytes for chunk in bodies.chunks) == body
    assert [chunk.offset for chunk in bodies.chunks] == \
        [sum(len(one.bytes) for one in bodies.chunks[:i]) for i in range(len(bodies.chunks))]
    first, last = bodies.chunks[0], bodies.chunks[-1]
    assert first.first and last.last and not last.truncated and last.length_known and last.bytes == b""
    assert (first.message, first.direction) == ("response", "received")
    assert len({chunk.transaction_id for chunk in bodies.chunks}) == 1
    assert f'"request_id":"{first.transaction_id}"'.encode() in obj.data
    assert max(len(chunk.bytes) for chunk in bodies.chunks) <= 256 << 10


def test_a_gap_in_a_body_is_missing_at_its_place():
    bodies = Bodies()
    with session_with(bodies, 0) as session:
        feed = session.feed(1_000_000_000, role="client")
        feed.data("sent", REQUEST)
        feed.data("received", long_answer(30) + b"0123456789")
        feed.gap("received", 5)
        feed.data("received", b"abc")
        feed.close()
    assert [(c.offset, c.missing, c.bytes) for c in bodies.chunks] == \
        [(0, 0, b"0123456789"), (15, 5, b"abc"), (30, 12, b"")]
    assert bodies.chunks[-1].truncated


@pytest.mark.parametrize("level", ["none", "summary", "headers"])
def test_below_full_no_byte_of_a_body_goes_out(level):
    bodies = Bodies()
    session = qtap.Session(config=qtap.Config({"capture.source": "feed", "worker.threads": 0},
                                              yaml=CAPTURE_ALL.replace("full", level)))
    session.add_sink(bodies)
    with session:
        exchange(session)
        assert session.stats["transactions"] == 1
    assert bodies.chunks == []


def test_a_recording_gives_the_chunks_of_the_capture(tmp_path):
    path, seen = str(tmp_path / "one.qrec"), []
    for options in ({"capture.source": "feed", "capture.record_file": path},
                    {"capture.source": "replay", "capture.replay_file": path}):
        bodies = Bodies()
        session = qtap.Session(config=qtap.Config({**options, "worker.threads": 0, "capture.body_buffer": "1kb"},
                                                  yaml=CAPTURE_ALL))
        session.add_sink(bodies)
        with session:
            if "feed" in options.values():
                exchange(session, response=long_answer(100_000) + b"x" * 100_000)
                session.stop()
            session.run()
        seen.append([(c.transaction_id, c.offset, c.bytes, c.last, c.truncated) for c in bodies.chunks])
    assert seen[0] == seen[1] and sum(len(chunk[2]) for chunk in seen[0]) == 100_000


def test_bodies_in_files_of_their_own(tmp_path):
    objects, body = [], b"y" * 3_000_000
    yaml = CAPTURE_ALL + f"services: {{object_stores: [{{type: file, dir: {tmp_path}, bodies: true}}]}}\n"
    with qtap.Session(config=qtap.Config({"capture.source": "feed"}, yaml=yaml), on_object=objects.append) as session:
        exchange(session, response=long_answer(len(body)) + body)
        session.flush(20_000)
    (stored,) = (tmp_path / "bodies").iterdir()
    assert stored.name.endswith(".response") and stored.read_bytes() == body
    assert f'"request_id":"{stored.stem}"'.encode() in objects[0].data
