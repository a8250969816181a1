#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does it cost to know what capture costs? Needs root, a build in ./build, bpftool.

    tests/bench/budget.py [--seconds 3] [--rounds 5]

Runs the same TLS client without a budget and with one that is never reached, in turn, and prints one JSON document: mean
nanoseconds per run of the two programs that account (kernel.bpf_stats_enabled), and the median of the rounds; and what a
request of 256 KiB costs the client (CPU, median) without capture, with it, and when it is only counted. Also how often
the loaded programs touch the tables of the budget: 0 without one, because the verifier has removed that code."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "bindings" / "python")]
os.environ.setdefault("QTAP_BUILD_DIR", str(ROOT / "build"))
os.environ["PATH"] += ":/usr/sbin"

import qtap  # noqa: E402
from listeners import certificate  # noqa: E402

PROGRAMS = ("on_ssl_exit", "on_sys_exit")  # the beginnings of their names
STATS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
WORKLOADS = ROOT / "tests" / "bpf" / "workloads"


def bpftool(*args):
    return subprocess.run(["bpftool", *args], check=True, capture_output=True, text=True).stdout


def held(kind):
    """The kernel's ids of the programs or maps of this process."""
    lines = [line for entry in pathlib.Path("/proc/self/fdinfo").iterdir() for line in read(entry)]
    return {int(line.split()[1]) for line in lines if line.startswith(kind + "_id:")}


def read(path):
    try:
        return path.read_text().splitlines()
    except OSError:  # the descriptor of the directory itself
        return []


def programs():
    mine = [json.loads(bpftool("-j", "prog", "show", "id", str(one))) for one in held("prog")]
    return {one["name"]: one for one in mine if one["name"].startswith(PROGRAMS)}


def table_uses():
    """How often the translated programs name the tables of the budget."""
    maps = [json.loads(bpftool("-j", "map", "show", "id", str(one))) for one in held("map")]
    tables = [one["id"] for one in maps if one.get("name") in ("cost_by_tgid", "level_by_tgid")]
    assert len(tables) == 2
    return sum(bpftool("prog", "dump", "xlated", "id", str(one["id"])).count(f"map[id:{table}]")
               for one in programs().values() for table in tables)


def measure(port, seconds, budget):
    with qtap.Session({"capture.budget.process": budget, "capture.ring_bytes": "64mb"}) as session:
        uses = table_uses()
        client = subprocess.Popen([sys.executable, WORKLOADS / "bulk.py", port], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        client.stdout.readline()
        before = programs()
        client.stdin.write(f"run {seconds} 1024\n")
        client.stdin.flush()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            session.poll(timeout_ms=50)
        client.communicate()
        after = programs()
        assert session.stats["budget_steps"] == 0

    def mean(name):
        runs = after[name]["run_cnt"] - before[name].get("run_cnt", 0)
        return round((after[name]["run_time_ns"] - before[name].get("run_time_ns", 0)) / runs)

    return {name: mean(name) for name in after}, uses


def client_cpu_ns(port, seconds, budget):
    """CPU of the client for one request of 256 KiB; `budget` None: without a session."""
    options = {"capture.budget.process": budget, "capture.ring_bytes": "64mb"}
    session = qtap.Session(options).__enter__() if budget else None
    client = subprocess.Popen([sys.executable, WORKLOADS / "bulk.py", port], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    client.stdout.readline()

    def run(for_seconds):
        client.stdin.write(f"run {for_seconds} 262144\n")
        client.stdin.flush()
        end = time.monotonic() + for_seconds
        while session and time.monotonic() < end:
            session.poll(timeout_ms=50)
        return int(client.stdout.readline().split()[3])

    def cpu_ns():
        return int(pathlib.Path(f"/proc/{client.pid}/schedstat").read_text().split()[0])

    try:
        run(seconds)  # a budget is felt from here on
        before = cpu_ns()
        requests = run(seconds)
        return (cpu_ns() - before) // requests
    finally:
        client.kill()
        client.communicate()
        if session:
            session.close()


def main():
    parser = argparse.ArgumentParser(description="Prices the accounting of budgets.")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    kinds = {"none": "without", "6400%": "with"}
    rounds = {kind: [] for kind in kinds.values()}
    uses = {}
    client = {"without": None, "captured": "none", "counted": "0.1%"}
    client_ns = {kind: [] for kind in client}
    was_enabled = STATS.read_text()
    with tempfile.TemporaryDirectory() as name:
        cert = certificate(name)
        server = subprocess.Popen([sys.executable, WORKLOADS / "server.py", cert.cert, cert.key, "nodelay"],
                                  stdout=subprocess.PIPE, text=True)
        try:
            STATS.write_text("1")
            port = server.stdout.readline().strip()
            for _ in range(args.rounds):
                for budget, kind in kinds.items():
                    means, uses[kind] = measure(port, args.seconds, budget)
                    rounds[kind].append(means)
                for kind, budget in client.items():
                    client_ns[kind].append(client_cpu_ns(port, args.seconds, budget))
        finally:
            STATS.write_text(was_enabled)
            server.kill()
            server.wait()
    report = {"table_uses": uses, "rounds": rounds,
              "client_ns_per_request": {kind: statistics.median(all_of) for kind, all_of in client_ns.items()}, "median_ns": {
        kind: {name: statistics.median(one[name] for one in all_of) for name in all_of[0]}
        for kind, all_of in rounds.items()}}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
