# SPDX-License-Identifier: Apache-2.0
"""Events on their way into a store: counts and contents on both sides, and what happens when it is not as it should be."""
import json
import os

import pytest
import qtap
from event_session import EventSession


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_has_every_event_once_over_its_rotations_and_the_moves_of_others(tmp_path):
    path = tmp_path / "logs" / "events.jsonl"
    with EventSession(f"{{ type: file, path: {path}, rotate_bytes: 20kb, rotate_keep: 100, fsync: always }}") as session:
        for i in range(50):
            session.exchange(f"/{i}")
        session.flush()
        os.rename(path, path.with_suffix(".moved"))
        for i in range(50, 60):
            session.exchange(f"/{i}")
        session.flush()
        assert session.stat("sink_dropped") == 0
    found = [event for file in path.parent.iterdir() for event in lines(file)]
    assert len(session.told) == len(found) > 100
    assert sorted(map(str, found)) == sorted(map(str, session.told))
    assert all(file.stat().st_size <= 20 << 10 and file.stat().st_mode & 0o777 == 0o600 for file in path.parent.iterdir())
    assert len(list(path.parent.iterdir())) > 3


def test_a_file_that_cannot_be_made_is_told_at_start(tmp_path):
    with pytest.raises(qtap.QtapError) as error:
        EventSession("{ type: file, path: /proc/events/e.jsonl }")
    assert str(error.value).startswith("QT095: make directory /proc/events: ")
    with pytest.raises(qtap.QtapError) as error:
        EventSession(f"{{ type: file, path: {tmp_path} }}")
    assert f"QT095: open event file {tmp_path}: Is a directory" in str(error.value)
