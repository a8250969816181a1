#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The scoreboard: runs the matrix with a contender and prints one table. Needs root, as every contender does.

    tests/scoreboard/run.py --quick [--contender NAME] [--json FILE] [--case PATTERN] [--list] [--gate right|told|ledger]
"""
import argparse
import dataclasses
import fnmatch
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cases  # noqa: E402
import contender_list  # noqa: E402
from compare import Row, judge, summarise, table  # noqa: E402
from drive import PROGRAMS, Contender, NoContender, run_oracles  # noqa: E402
from http_case import run_http  # noqa: E402
from listeners import certificate  # noqa: E402


def run_case(case, cert, argv):
    drive = run_http if case.server == "nginx" else run_oracles
    without = drive(case, cert, NoContender)[2] if case.cost else None
    truths, contender, with_it = drive(case, cert, lambda: Contender(argv))
    streams, lost = contender.streams()
    row = summarise(case.name, truths, [judge(truth, streams, lost) for truth in truths])
    row.capturer_cpu_s, row.rss_mib = contender.measured
    if without is not None and with_it is not None:
        row.app_us_per_call = with_it - without
    return row


def parse():
    parser = argparse.ArgumentParser(description="Puts a TLS capturer beside the truth.")
    parser.add_argument("--quick", action="store_true", help="under 3 minutes (default)")
    parser.add_argument("--full", action="store_true", help="the whole matrix")
    parser.add_argument("--contender", default="qtap", help="a name of contender_list.py, or a command")
    parser.add_argument("--json", metavar="FILE", help="also writes the rows, with the reasons")
    parser.add_argument("--case", metavar="PATTERN", default="*", help="only cases like this, e.g. 'c-epoll*'")
    parser.add_argument("--list", action="store_true", help="prints the cases and contenders")
    parser.add_argument("--install", action="store_true", help="installs the contender's tool by apt if it is missing")
    parser.add_argument("--gate", choices=GATES,
                        help="fails on false or misattributed bytes; told: on untold losses, too; ledger: also when "
                             "delivered and lost bytes do not add up to what there was")
    return parser.parse_args()


GATES = ("right", "told", "ledger")  # each demands what those before it do


def passes(row, gate):
    demands = (row.total and not row.false and not row.misattributed,
               row.told == row.unequal,
               row.exact == row.accountable)
    return all(demands[:GATES.index(gate) + 1])


def missing_programs(case):
    argv = [PROGRAMS[side][0][0] for side in (case.server, case.client) if side in PROGRAMS]
    return [str(program) for program in argv if not shutil.which(program)]


def main():
    args = parse()
    matrix = [case for case in (cases.full() if args.full else cases.quick()) if fnmatch.fnmatch(case.name, args.case)]
    if args.list:
        print(*(case.name for case in matrix), "", "contenders: " + ", ".join(contender_list.NAMES), sep="\n")
        return 0
    argv, missing = contender_list.command(args.contender, args.install)
    if missing:
        print(f"skipped: {args.contender}: {missing}")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything started is stopped as well
    rows, broken, begin = [], 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="scoreboard-") as folder:
        cert = certificate(folder)
        for case in matrix:
            if missing := missing_programs(case):
                print(f"skipped: {case.name}: {missing[0]} is not installed")
                continue
            start = time.monotonic()
            try:
                rows.append(run_case(case, cert, argv))
            except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as error:
                print(f"{case.name}: could not be run: {error}", file=sys.stderr)
                rows.append(Row(case.name))
                broken += 1
            except (KeyboardInterrupt, SystemExit):  # what was measured is not thrown away
                print(f"{case.name}: interrupted", file=sys.stderr)
                broken += 1
                break
            print(f"{case.name}: {time.monotonic() - start:.1f} s", file=sys.stderr)
    print(f"contender: {args.contender}, {time.monotonic() - begin:.0f} s\n{table(rows)}")
    for row in rows:
        for note, count in sorted(row.notes.items(), key=lambda one: -one[1])[:8]:
            print(f"  {row.case}: {count} x {note}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n")
    return 1 if broken or args.gate and not all(passes(row, args.gate) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
