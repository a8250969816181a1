#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every error text starts with a message id, each id is made in one place, and docs/messages.yaml has them all.
Usage: messages.py ROOT"""
import collections
import pathlib
import re
import sys

# The table is YAML of one form only, so that no YAML library is needed to read it.
ROW = re.compile(r"- id: (QT\d{3})\n  status: (.+)\n  text: (.+)\n  meaning: (.+)\n  remedy: (.+)\n")
AREA = re.compile(r"^  ([a-z, ]+): \[QT(\d{3}), QT(\d{3})\]$", re.M)
LIST = re.compile(r"^(reserved|retired): \[(.*)\]$", re.M)
USE = re.compile(r'"(QT\d{3})(?="|: )')
# The status beside the id, where it is written there.
USE_WITH_STATUS = re.compile(r'"(QT\d{3})", (QTAP_ERR_[A-Z]+)')
# An initialiser that begins with a status, not with an id; a warning that begins with its text.
WITHOUT_ID = re.compile(r'(?:\{|\bError\()\s*QTAP_ERR_[A-Z]+\s*,|\bwarn(?:ings_?\.push_back)?\(\s*"(?!QT\d)')
# The first know nothing of qtap: their errors get an id where they come out. The public headers only quote texts.
WITHOUT_IDS = {"http", "rulekit", "s3", "gcs", "net", "ext", "include"}

# Why a place was refused: told in the ready line, "(9 functions, slow: SSL_write: why)", never as an error.
REASONS = {f"libqtap/probe/{name}.cc"
           for name in ("bio_methods", "machine_code", "machine_code_none", "openssl_places", "probe_place")}


def code_of(path):
    """Without comments, and with texts in one piece."""
    code = re.sub(r"(?m)^\s*//.*$|\s+// .*$", "", path.read_text())
    return re.sub(r'"\s*\n\s*"', "", code)


def fragments(text):
    """What of a pattern is the same in every text and in one piece in the source: between braces and colons."""
    if text.startswith('"'):
        text = text[1:-1].replace('\\"', '"')
    return [part for part in (piece.strip(' ,:;"().?') for piece in re.split(r"\{[^}]+\}|: ", text)) if len(part) > 3]


def table_mistakes(table, rows, lists):
    blocks = table[table.index("messages:"):].count("- id: ")
    if blocks != len(rows):
        yield f"{blocks - len(rows)} rows are not of the form id, status, text, meaning, remedy"
    ids = [row[0] for row in rows]
    if ids != sorted(set(ids)):
        yield "the ids are not in order, or one has two rows"
    for name, given in lists.items():
        for taken in sorted(given & set(ids)):
            yield f"{taken} is {name} and has a row"
    # An id that was given away does not vanish, not even the last one of its area.
    areas = [(int(first), int(next_free)) for _, first, next_free in AREA.findall(table)]
    given_away = {f"QT{number:03}" for area in areas for number in range(*area)}
    there = {*ids, *lists["reserved"], *lists["retired"]}
    for lost in sorted(given_away - there):
        yield f"{lost} was given away and has no row: list it as `retired`"
    for outside in sorted(there - given_away):
        yield f"{outside} is in no area: raise the second number of its area"
    if areas != sorted(areas) or any(ends > begins for (_, ends), (begins, _) in zip(areas, areas[1:])):
        yield "the areas are not in order, or overlap"
    for both in sorted(lists["reserved"] & lists["retired"]):
        yield f"{both} is reserved and retired"


def source_mistakes(root, rows, lists):
    known = {row[0]: row for row in rows}
    places = {}
    folders = collections.defaultdict(str)  # their code: a text may be completed by a neighbour
    for path in sorted((root / "libqtap").rglob("*")):
        where = str(path.relative_to(root))
        if path.suffix not in {".cc", ".h"} or path.relative_to(root).parts[1] in WITHOUT_IDS:
            continue
        code = code_of(path)
        folders[pathlib.Path(where).parent] += code.replace('\\"', '"')
        for used in USE.findall(code):
            places.setdefault(used, []).append(where)
            if used not in known:
                state = next((name for name, given in lists.items() if used in given), "not there")
                yield f"{where}: {used} needs a row in docs/messages.yaml, where it is {state}"
        for used, status in USE_WITH_STATUS.findall(code):
            if used in known and status not in known[used][1]:
                yield f"{where}: {used} is {status}, in docs/messages.yaml {known[used][1]}"
        if where not in REASONS:
            for found in WITHOUT_ID.finditer(code):
                yield f"{where}: an error without a message id: {' '.join(code[found.start():][:60].split())}"
    for used, files in sorted(places.items()):
        if len(files) > 1:
            yield f"{used} is made in {len(files)} places, which makes them different messages: {', '.join(files)}"
        for part in fragments(known[used][2]) if used in known else []:
            if not any(part in folders[pathlib.Path(file).parent] for file in files):
                yield f"{files[0]}: {used} has no text \"{part}\", docs/messages.yaml has"
    for unused in sorted(set(known) - set(places)):
        yield f"{unused} has a row in docs/messages.yaml, but nothing uses it: move the id to `retired`"


def main(root):
    root = pathlib.Path(root)
    table = (root / "docs" / "messages.yaml").read_text()
    rows = ROW.findall(table)
    lists = {name: set(re.findall(r"QT\d{3}", ids)) for name, ids in LIST.findall(table)}
    mistakes = [*table_mistakes(table, rows, lists), *source_mistakes(root, rows, lists)]
    for mistake in mistakes:
        print(mistake)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
