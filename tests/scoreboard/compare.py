# SPDX-License-Identifier: Apache-2.0
"""Compares what a contender said with the truth. Pure functions: no files, clocks or processes.

The unit is one direction of one connection as one process saw it. Each has exactly one verdict:

    equal         all bytes, in order, nothing else
    false         some bytes that it delivered are not those that belong there, or it delivered more than there were
    incomplete    what it delivered is right, but not all of it
    unseen        nothing of it was delivered

and, apart from that: `misattributed` (it delivered the right bytes, and named a wrong process or address), `addressless`
(it named no address) and `told` (it declared itself incomplete here).
"""
import hashlib
from dataclasses import dataclass, field

NONCE_BYTES, BLOCK_BYTES = 16, 65521


@dataclass
class Truth:
    """One direction of a connection, as the oracle knows it."""
    pid: int
    local: str
    remote: str
    dir: str  # "sent", "received"
    nonce: str
    bytes: int
    sha256: str
    late: bool = False  # the connection is older than the capturer; this is what came after it was ready
    data: bytes | None = None  # the bytes, where they do not follow from the nonce


@dataclass
class Stream:
    """One direction of a connection, as the contender tells it."""
    dir: str
    pid: int = 0
    local: str | None = None
    remote: str | None = None
    late: bool = False  # who tells it may have missed how it began
    lost: int = 0  # bytes (or pieces, where the bytes are not known) declared missing
    undecrypted: str | None = None  # why nothing was read, e.g. "no_library"
    head: bytes = b""  # the first bytes that were delivered
    segments: list = field(default_factory=list)  # (offset, len, sha256), without overlap


@dataclass
class Verdict:
    kind: str
    told: bool = False
    misattributed: bool = False
    addressless: bool = False
    exact: bool = False  # delivered and declared lost bytes add up to what there was
    why: str = ""


def bytes_of(nonce, start, length):
    """What an oracle sends from `start` on: the nonce, then a block made of it, over and over."""
    nonce_bytes = nonce.encode("latin-1")
    out = bytearray(nonce_bytes[start:start + length])
    if len(out) == length:
        return bytes(out)
    block = hashlib.shake_128(nonce_bytes).digest(BLOCK_BYTES)
    at = (start + len(out) - NONCE_BYTES) % BLOCK_BYTES
    out += block[at:at + length - len(out)]
    whole, rest = divmod(length - len(out), BLOCK_BYTES)
    return bytes(out + block * whole + block[:rest])


def is_right(truth, segment):
    """Are the bytes of a segment those that belong there?"""
    offset, length, digest = segment
    if offset + length > truth.bytes:
        return False
    if (offset, length) == (0, truth.bytes):
        return digest == truth.sha256
    if truth.data is not None:
        expected = truth.data[offset:offset + length]
    else:
        expected = bytes_of(truth.nonce, offset, length)
    return digest == hashlib.sha256(expected).hexdigest()


def matches(truth, streams):
    """The streams that are about this truth: by nonce; where the beginning is missing or wrong, by addresses."""
    ours = [one for one in streams if one.dir == truth.dir]
    if len(truth.nonce) == NONCE_BYTES and (found := [s for s in ours if truth.nonce.encode("latin-1") in s.head]):
        return found
    return [one for one in ours if (one.local, one.remote) == (truth.local, truth.remote)]


def places_of_head(truth, stream):
    """How much the contender may have missed before it began to count, by where its first bytes belong: each of these
    shifts puts its head to a place where the truth has the same bytes. What an oracle sends is periodic, so the first
    place that leaves room for what was counted speaks for all later ones."""
    if not stream.head:
        return
    first = stream.segments[0][0]
    sent = truth.data if truth.data is not None else \
        bytes_of(truth.nonce, 0, NONCE_BYTES + BLOCK_BYTES + len(stream.head))
    at = sent.find(stream.head)
    while at >= 0:
        is_periodic = truth.data is None and at >= NONCE_BYTES
        periods = max(0, -(-(first - at) // BLOCK_BYTES)) if is_periodic else 0  # rounded up
        yield at + periods * BLOCK_BYTES - first  # below 0: not there
        at = sent.find(stream.head, at + 1)


def wrong_segments(truth, stream):
    """Who joined late, and says so, cannot know how much came before: its offsets may also be meant from where it
    joined, which is the same for all of them."""
    def wrong(shift):
        return [one for one in stream.segments if not is_right(truth, (one[0] + shift, *one[1:]))]

    def all_right(shift):
        return shift >= 0 and all(is_right(truth, (one[0] + shift, *one[1:])) for one in stream.segments)

    as_told = wrong(0)
    if not as_told or not stream.late:
        return as_told
    to_the_end = [truth.bytes - max(offset + length for offset, length, _ in stream.segments)] if truth.late else []
    return [] if any(all_right(shift) for shift in (*to_the_end, *places_of_head(truth, stream))) else as_told


def judge_one(truth, stream):
    declared = stream.lost > 0 or stream.undecrypted is not None or stream.late
    have = sum(length for _, length, _ in stream.segments)
    verdict = Verdict("unseen", told=declared, exact=have + stream.lost == truth.bytes)
    if not stream.segments:
        verdict.why = stream.undecrypted or ""
        return verdict
    wrong = wrong_segments(truth, stream)
    if wrong:
        verdict.kind, verdict.why = "false", f"offset {wrong[0][0]}, {wrong[0][1]} bytes of {truth.bytes}"
        return verdict
    verdict.kind = "equal" if have == truth.bytes else "incomplete"
    if verdict.kind == "incomplete":
        verdict.why = f"{have} of {truth.bytes} bytes, {stream.lost} declared lost"
    elif truth.late and not stream.late:
        # The tail of a connection, passed off as the whole of it.
        verdict.kind, verdict.told, verdict.why = "incomplete", False, "late, and does not say so"
    addressed = stream.local is not None and stream.remote is not None
    verdict.addressless = not addressed
    verdict.misattributed = stream.pid != truth.pid or \
        addressed and (stream.local, stream.remote) != (truth.local, truth.remote)
    if verdict.misattributed:
        verdict.why += f" as pid {stream.pid} {stream.local} {stream.remote}"
    return verdict


ORDER = ("equal", "incomplete", "unseen", "false")


def judge(truth, streams, lost_somewhere):
    """The verdict on one truth. `lost_somewhere`: the contender's count of losses that belong to no known stream; it
    speaks only for what was never seen."""
    found = matches(truth, streams)
    if not found:
        return Verdict("unseen", told=lost_somewhere > 0, why="no stream")
    # Told in several parts (a descriptor that went to another process): the best one counts.
    return min((judge_one(truth, one) for one in found),
               key=lambda v: (ORDER.index(v.kind), v.misattributed, not v.exact))


@dataclass
class Row:
    """A line of the table."""
    case: str
    total: int = 0
    equal: int = 0
    false: int = 0
    misattributed: int = 0
    addressless: int = 0
    unequal: int = 0
    told: int = 0
    accountable: int = 0  # streams that are not older than the contender
    exact: int = 0
    app_us_per_call: float | None = None  # with the contender minus without
    capturer_cpu_s: float | None = None
    rss_mib: float | None = None
    notes: dict = field(default_factory=dict)  # "verdict: why" -> count, of what is not plainly right


def summarise(case, truths, verdicts):
    row = Row(case, total=len(verdicts))
    for truth, verdict in zip(truths, verdicts):
        row.accountable += not truth.late
        row.exact += verdict.exact and not truth.late
        row.equal += verdict.kind == "equal"
        row.false += verdict.kind == "false"
        row.misattributed += verdict.misattributed
        row.addressless += verdict.addressless
        if verdict.kind != "equal":
            row.unequal += 1
            row.told += verdict.told
        if verdict.kind != "equal" or verdict.misattributed:
            key = f"{verdict.kind}{' (told)' if verdict.told else ''}: {verdict.why}"
            row.notes[key] = row.notes.get(key, 0) + 1
    return row


def percent(part, whole):
    """Rounded down: 100 % means all of them."""
    return "-" if whole == 0 else f"{1000 * part // whole / 10:g} %"


def number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


HEADINGS = ("case", "streams", "recall", "false", "misattr", "no addr", "told", "ledger", "app µs/call", "CPU s", "RSS MiB")


def cells(row):
    return (row.case, str(row.total), percent(row.equal, row.total), str(row.false), str(row.misattributed),
            str(row.addressless), percent(row.told, row.unequal), percent(row.exact, row.accountable), number(row.app_us_per_call, 2),
            number(row.capturer_cpu_s, 2), number(row.rss_mib, 1))


def table(rows):
    """All rows and a last one with the sums, as text."""
    total = Row("all")
    for row in rows:
        for name in ("total", "equal", "false", "misattributed", "addressless", "unequal", "told", "accountable", "exact"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    cpu = [row.capturer_cpu_s for row in rows if row.capturer_cpu_s is not None]
    rss = [row.rss_mib for row in rows if row.rss_mib is not None]
    total.capturer_cpu_s, total.rss_mib = sum(cpu) if cpu else None, max(rss, default=None)
    lines = [HEADINGS, *map(cells, rows), cells(total)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                               for i, (text, width) in enumerate(zip(line, widths))).rstrip() for line in lines)
