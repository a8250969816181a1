#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does a reader that gets no processor slow the traced program? nginx under as much load as it takes, qtap-mini reads,
is stopped (SIGSTOP), and goes on. Needs root, a build, nginx.

    tests/bench/stopped_reader.py [--rounds 3] [--stopped 10] [--running 5] [--level full] [--gate] [--json FILE]

Two comparisons. Stopped with running: what the reader's absence costs, the goal is at most 3 %; a reader that shares its
processor with the load slows the load, so the server's CPU time per request is compared as well. Stopped with nobody: what
the probes cost when nothing can be delivered. --gate: exit code 1 if throughput or the server's CPU time per request is
more than 3 % worse while stopped than while running, if memory grew, or if the ledger is not exact."""
import argparse
import json
import os
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import contenders  # noqa: E402
from contenders import cpu_ns, memory_kib  # noqa: E402
from contest import heading, median, noise, number, table, write_json  # noqa: E402
from harness import ledger_of  # noqa: E402
from target import run_load, start_load, target  # noqa: E402

PATH = "/1k/"
TICK_MS = 50
WORSE = 0.03
MAX_GROWTH_KIB = 4096  # of the reader, from before the stop to the end; the ring is all in memory by then
CAUSES = ("a full ring", "faults", "the call limit", "no buffer", "other causes")


class Watched:
    """The load while it runs: how many requests were answered, and what the server used for them."""

    def __init__(self, where, seconds, cpu, args):
        self.server = where.server.pid
        self.load = start_load(where, PATH, args.connections, seconds, cpu, tick_ms=TICK_MS)

    def mark(self):
        """(time s, requests, server's CPU ns) at the next tick."""
        seen = len(self.load.out)
        self.load.wait_for("tick", lambda: len(self.load.out) > seen)
        _, at, requests = self.load.out[seen].split()
        return int(at) / 1e9, int(requests), cpu_ns(self.server)

    def end(self):
        if self.load.wait() != 0:
            raise RuntimeError(f"load: {self.load.err}")
        result = json.loads(self.load.out[-1])
        if result["failed"]:
            raise RuntimeError(f"{result['failed']} requests failed")
        return result


def between(first, last):
    requests = last[1] - first[1]
    return {"per_second": requests / (last[0] - first[0]), "server_us": (last[2] - first[2]) / 1000 / requests}


def average(one, other):
    return {key: (one[key] + other[key]) / 2 for key in one}


def nobody(where, args):
    before = cpu_ns(where.server.pid)
    load = run_load(where, PATH, args.connections, args.running, args.load_cpu)
    return {"per_second": load["requests"] / load["seconds"],
            "server_us": (cpu_ns(where.server.pid) - before) / 1000 / load["requests"]}


def request_numbers(file):
    pattern = re.compile(b'"url":"https://localhost' + PATH.encode() + rb"(\d{10})")
    with open(file, "rb") as lines:
        return {int(found[1]) for line in lines if line.startswith(b'{"eventType":"request"')
                and (found := pattern.search(line))}


def one_round(where, contender, args):
    before = nobody(where, args)
    running = contender.start(where, args.capturer_cpu)
    try:
        watched = Watched(where, 2 * args.running + args.stopped + 1, args.load_cpu, args)
        watched.mark()  # all connections are there
        marks = [watched.mark()]
        time.sleep(args.running)
        marks.append(watched.mark())
        rss = [memory_kib(running.pid)]
        os.kill(running.pid, signal.SIGSTOP)
        try:
            time.sleep(args.stopped)
            marks.append(watched.mark())
        finally:
            os.kill(running.pid, signal.SIGCONT)
        time.sleep(args.running)
        marks.append(watched.mark())
        rss.append(memory_kib(running.pid))
        load = watched.end()
    finally:
        running.stop()
    after = nobody(where, args)
    phases = [between(*pair) for pair in zip(marks, marks[1:])]
    ledger, numbers = ledger_of(running.err), request_numbers(running.out_file)
    running.out_file.unlink()
    later = {number for number in numbers if number > marks[2][1] + args.connections}
    return {"nobody": average(before, after), "running": average(phases[0], phases[2]), "stopped": phases[1],
            "rss_growth_kib": rss[1] - rss[0], "rss_kib": rss[1], "requests": load["requests"], "captured": len(numbers),
            "captured_later": len(later) / (load["requests"] - marks[2][1] - args.connections),
            "bytes": load["bytes_in"] + load["bytes_out"], "ledger": ledger,
            "exact": ledger["seen"] == ledger["delivered"] + ledger["lost"]
            and ledger["lost"] == sum(ledger[cause] for cause in CAUSES)
            and ledger["seen"] >= load["bytes_in"] + load["bytes_out"]}


def ratio(rounds, key, one, other):
    return median([each[one][key] / each[other][key] for each in rounds])


def show(rounds):
    rows = [[phase, *(number(median([one[phase][key] for one in rounds]), "{:.1f}") for key in ("per_second", "server_us"))]
            for phase in ("nobody", "running", "stopped")]
    print(table(["", "requests/s", "server CPU µs"], rows))
    for one, other in (("stopped", "running"), ("stopped", "nobody"), ("running", "nobody")):
        print(f"{one} / {other}: throughput {ratio(rounds, 'per_second', one, other):.3f}, "
              f"server CPU per request {ratio(rounds, 'server_us', one, other):.3f}")
    for one in rounds:
        ledger = one["ledger"]
        print(f"requests {one['requests']}, captured {one['captured']}; of those after the stop "
              f"{100 * one['captured_later']:.2f} %; bytes {one['bytes']}, seen {ledger['seen']} = delivered "
              f"{ledger['delivered']} + lost {ledger['lost']} ({'exact' if one['exact'] else 'NOT EXACT'}; a full ring "
              f"{ledger['a full ring']}); memory {one['rss_kib']} KiB, {one['rss_growth_kib']:+} since before the stop")


def main():
    cpus = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Stops the reader under load.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stopped", type=float, default=10, help="seconds")
    parser.add_argument("--running", type=float, default=5, help="seconds before and after that, and without capture")
    parser.add_argument("--level", default="full", choices=("summary", "full"))
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--server-cpu", type=int, default=cpus[0])
    parser.add_argument("--load-cpu", type=int, default=cpus[min(1, len(cpus) - 1)])
    parser.add_argument("--capturer-cpu", type=int, default=cpus[-1])
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    print(heading("A reader that is stopped"))
    with target(args.server_cpu) as where:
        nobody(where, args)  # warm
        rounds = [one_round(where, contenders.qtap_mini(args.level), args) for _ in range(args.rounds)]
    print(f"\n{args.rounds} rounds, stopped for {args.stopped:g} s, level {args.level}, noise "
          f"{noise([one['nobody']['per_second'] for one in rounds]):.1f} %")
    show(rounds)
    write_json(args.json, rounds=rounds)
    good = ratio(rounds, "per_second", "stopped", "running") >= 1 - WORSE \
        and ratio(rounds, "server_us", "stopped", "running") <= 1 + WORSE \
        and all(one["exact"] and one["rss_growth_kib"] <= MAX_GROWTH_KIB for one in rounds)
    return 1 if args.gate and not good else 0


if __name__ == "__main__":
    sys.exit(main())
