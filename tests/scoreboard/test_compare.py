# SPDX-License-Identifier: Apache-2.0
"""Unit tests of the comparison: run with pytest, no root."""
import base64
import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from compare import Stream, Truth, Verdict, bytes_of, judge, summarise, table  # noqa: E402
from records import streams_of  # noqa: E402

NONCE = "0123456789abcdef"
SIZE = 200_000


def sha(data):
    return hashlib.sha256(data).hexdigest()


def truth(**more):
    return Truth(**{"pid": 7, "local": "127.0.0.1:1", "remote": "127.0.0.1:2", "dir": "sent", "nonce": NONCE,
                    "bytes": SIZE, "sha256": sha(bytes_of(NONCE, 0, SIZE)), **more})


def piece(start, length):
    return start, length, sha(bytes_of(NONCE, start, length))


def stream(*segments, **more):
    head = bytes_of(NONCE, 0, 64) if segments and segments[0][0] == 0 else b""
    return Stream(**{"dir": "sent", "pid": 7, "local": "127.0.0.1:1", "remote": "127.0.0.1:2", "head": head,
                     "segments": list(segments), **more})


def verdict(*streams, lost=0, **more):
    return judge(truth(**more), streams, lost)


def test_bytes_of_any_range_are_those_of_the_whole():
    whole = bytes_of(NONCE, 0, SIZE)
    for start, length in ((0, 1), (3, 20), (15, 2), (16, 65521), (17, 65521), (70_000, 130_000), (199_999, 1)):
        assert bytes_of(NONCE, start, length) == whole[start:start + length]


def test_all_bytes_are_equal():
    assert verdict(stream(piece(0, SIZE))) == Verdict("equal", exact=True)


def test_the_ledger_adds_up_or_not():
    assert verdict(stream(piece(0, SIZE - 9), lost=9)).exact
    assert verdict(stream(lost=SIZE)).exact
    assert not verdict(stream(piece(0, SIZE - 9), lost=8)).exact
    assert not verdict().exact


def test_adjoining_segments_are_equal():
    assert verdict(stream(piece(0, 100), piece(100, SIZE - 100))).kind == "equal"


def test_no_stream_is_unseen_and_told_only_by_a_loss_of_unknown_streams():
    assert not verdict().told
    assert verdict(lost=1).told
    assert verdict(lost=1).kind == "unseen"


def test_a_loss_somewhere_does_not_speak_for_a_stream_that_was_seen():
    assert not verdict(stream(piece(0, 100)), lost=1).told


def test_a_gap_of_the_other_direction_does_not_speak_for_this_one():
    result = verdict(stream(piece(0, 100)), stream(piece(0, 100), dir="received", lost=5))
    assert (result.kind, result.told) == ("incomplete", False)


def test_a_declared_gap_is_told():
    result = verdict(stream(piece(0, 100), piece(200, SIZE - 200), lost=100))
    assert (result.kind, result.told) == ("incomplete", True)


def test_bytes_at_the_wrong_place_are_false_even_with_a_gap():
    shifted = (200, 100, sha(bytes_of(NONCE, 300, 100)))
    assert verdict(stream(piece(0, 100), shifted, lost=1)).kind == "false"


def test_more_bytes_than_there_were_are_false():
    assert verdict(stream(piece(0, SIZE + 1))).kind == "false"


def test_wrong_process_or_address_is_misattributed():
    assert verdict(stream(piece(0, SIZE), pid=8)).misattributed
    assert verdict(stream(piece(0, SIZE), remote="127.0.0.1:3")).misattributed


def test_no_address_is_not_a_wrong_one():
    result = verdict(stream(piece(0, SIZE), local=None, remote=None))
    assert (result.addressless, result.misattributed) == (True, False)


def test_the_end_without_the_nonce_is_found_by_address():
    assert verdict(stream(piece(100, SIZE - 100), lost=100)).told


def test_an_undecrypted_connection_is_told():
    result = verdict(stream(undecrypted="no_library"))
    assert (result.kind, result.told) == ("unseen", True)


def test_a_late_connection_must_say_so():
    assert verdict(stream(piece(0, SIZE), late=True), late=True).kind == "equal"
    result = verdict(stream(piece(0, SIZE)), late=True)
    assert (result.kind, result.told) == ("incomplete", False)


def test_who_joined_late_may_count_from_where_it_joined():
    tail = (0, 500, piece(SIZE - 500, 500)[2])
    result = verdict(stream(tail, late=True), late=True)
    assert (result.kind, result.told) == ("incomplete", True)
    assert verdict(stream(tail)).kind == "false"


def joined(missed, *pieces, head_at=None, **more):
    """A stream that counts from where it joined: pieces are (offset as told, length)."""
    told = [(offset, *piece(missed + offset, length)[1:]) for offset, length in pieces]
    begin = missed + pieces[0][0] if head_at is None else head_at
    return stream(*told, **{"head": bytes_of(NONCE, begin, min(64, pieces[0][1])), "late": True, **more})


def test_who_joins_a_younger_connection_late_may_count_from_there_too():
    for missed in (1, 500, 66_000, 150_000):
        for pieces in (((0, 500),), ((0, 500), (700, 30_000)), ((90, 1), (700, 300)), ((0, SIZE - missed),)):
            if missed + sum(pieces[-1]) > SIZE:
                continue
            result = verdict(joined(missed, *pieces, lost=7))
            assert (result.kind, result.told) == ("incomplete", True), (missed, pieces)
            assert verdict(joined(missed, *pieces, late=False)).kind == "false"


def test_who_counts_from_where_it_joined_has_one_such_place():
    ok, moved = joined(500, (0, 500), (700, 300)), joined(501, (700, 300))
    ok.segments[1] = moved.segments[0]
    assert verdict(ok).kind == "false"
    assert verdict(joined(500, (0, 500), head_at=400)).kind == "false"
    assert verdict(joined(500, (0, 500), head=b"not a byte of it")).kind == "false"


def test_who_joined_late_has_no_more_bytes_than_there_were():
    assert verdict(joined(SIZE - 500, (0, 500))).kind == "incomplete"
    assert verdict(joined(10, (0, SIZE))).kind == "false"


def test_other_bytes_may_be_joined_late_as_well():
    data = b"GET /" + NONCE.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    rest = stream((0, 12, sha(data[20:32])), head=data[20:32], late=True)
    assert verdict(rest, data=data, bytes=len(data), sha256=sha(data)).kind == "incomplete"
    rest = stream((0, 12, sha(data[20:31] + b"!")), head=data[20:31], late=True)
    assert verdict(rest, data=data, bytes=len(data), sha256=sha(data)).kind == "false"


def test_bytes_that_do_not_follow_from_the_nonce_are_checked_too():
    data = b"GET /" + NONCE.encode() + b" HTTP/1.1\r\n\r\n"
    one = stream((0, 10, sha(data[:10])), lost=len(data) - 10, head=data)
    assert verdict(one, data=data, bytes=len(data), sha256=sha(data)).kind == "incomplete"


def test_chunks_and_gaps_become_segments():
    def chunk(start, length):
        data = base64.b64encode(bytes_of(NONCE, start, length)).decode()
        return {"ev": "chunk", "conn": "a", "dir": "sent", "data": data}

    records = [chunk(0, 50), chunk(50, 50), {"ev": "gap", "conn": "a", "dir": "sent", "len": 100}, chunk(200, 10),
               {"ev": "address", "conn": "a", "pid": 7, "local": "127.0.0.1:1", "remote": "127.0.0.1:2"},
               {"ev": "lost", "count": 3}]
    streams, lost = streams_of(records)
    sent = next(one for one in streams if one.dir == "sent")
    assert sent.segments == [piece(0, 100), piece(200, 10)]
    assert sent.head == bytes_of(NONCE, 0, 100)
    assert (sent.lost, lost, sent.pid, sent.remote) == (100, 3, 7, "127.0.0.1:2")


def test_the_table_rounds_down_and_sums_up():
    rows = [summarise("a", [Truth(*"1abc", "", 1, "")] * 10000,
                      [Verdict("equal", exact=True)] * 9999 + [Verdict("incomplete", told=True)]),
            summarise("b", [Truth(*"1abc", "", 1, "", late=True)] * 2,
                      [Verdict("false"), Verdict("equal", misattributed=True)])]
    text = table(rows).splitlines()
    assert text[1].split()[:4] == ["a", "10000", "99.9", "%"]
    assert "100 %" in text[1]
    assert text[-1].split()[:2] == ["all", "10002"]
    assert "99.9 %" in text[1].split("100 %")[1]  # the ledger
