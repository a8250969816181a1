#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Commit messages read `area: imperative`, at most 72 characters, no full stop, then a blank line. Merges are exempt.
Usage: commits.py ROOT [RANGE], e.g. `commits.py . origin/main..`; without a range the last commit. Exit 77: no git, or
ROOT is no checkout: the history of a repository in which a tarball was unpacked is none of ours."""
import pathlib
import re
import subprocess
import sys

SUBJECT = re.compile(r"[a-z0-9_.,/ -]+: \S")
MAX_SUBJECT = 72


def mistakes(message):
    subject, *rest = message.splitlines() or [""]
    if not SUBJECT.match(subject):
        yield "does not begin with `area: `"
    if len(subject) > MAX_SUBJECT:
        yield f"is {len(subject)} characters long, at most {MAX_SUBJECT}"
    if subject.endswith("."):
        yield "ends with a full stop"
    if rest and rest[0]:
        yield "is not followed by a blank line"


def main(root, span="-1"):
    root = pathlib.Path(root).resolve()
    if not (root / ".git").exists():
        print("commits.py: no git checkout, no history to look at")
        return 77
    # .ci/run is root, the checkout is somebody's: git would refuse to read it.
    command = ["git", "-c", f"safe.directory={root}", "-C", root, "log", "--no-merges", "--format=%h%n%B%x00", span]
    try:
        log = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"commits.py: cannot read the history: {getattr(error, 'stderr', None) or error}")
        return 77
    failed = False
    for entry in filter(None, (entry.strip("\n") for entry in log.split("\0"))):
        commit, _, message = entry.partition("\n")
        for mistake in mistakes(message):
            print(f"{commit} \"{message.splitlines()[0] if message else ''}\": the subject {mistake}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
