# SPDX-License-Identifier: Apache-2.0
"""Storage written in Python, over capture.source=feed."""
import sys

import pytest
import qtap

from test_feed import exchange

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
