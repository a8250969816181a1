#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does a traced program pay for one SSL_write and SSL_read of 1 KiB? Without capture, with the baseline (what TLS
capturers usually do, see baseline/) and with libqtap where a host takes every byte, in turn. Needs root and a build.

    tests/bench/call_cost.py [--rounds 9] [--seconds 0.5] [--way socket|pair|both] [--gate 0.2] [--json FILE]

--gate: exit code 1 if libqtap adds more than this share of what the baseline adds over a socket, or misses bytes."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import contenders  # noqa: E402
from contenders import BUILD, Process, cpu_ns, json_lines, on_cpu  # noqa: E402
from contest import added, contest, heading, median, neighbours, noise, number, private_library, table, write_json  # noqa: E402
from listeners import certificate  # noqa: E402

APP = BUILD / "tests" / "bench" / "call_app"
MESSAGE_BYTES = 1024


class App(Process):
    """The traced program; measures when it is asked to."""

    def __init__(self, cert, libssl, cpu):
        super().__init__(on_cpu(cpu, [APP, cert.cert, cert.key]), stdin=subprocess.PIPE,
                         env={**os.environ, "LD_LIBRARY_PATH": str(libssl.parent)})

    def measure(self, way, seconds):
        before = len(self.out)
        self.write_stdin(f"{way} {seconds}\n")
        self.wait_for("answer", lambda: len(self.out) > before)
        return json.loads(self.out[before])


def captured_bytes(name, running, pid):
    """Plain text of the application that a contender has seen whole."""
    lines = json_lines(running)
    if name == "baseline":
        return lines[-1]["bytes"]
    return sum(segment[1] for line in lines if line["ev"] == "stream" and line["pid"] == pid for segment in line["segments"])


def measure_way(way, app, target, rivals, args):
    def sample(contender):
        running = contender.start(target, args.capturer_cpu) if contender else None
        try:
            begin = cpu_ns(running.pid) if running else 0
            answer = app.measure(way, args.seconds)
            capturer_ns = cpu_ns(running.pid) - begin if running else 0
        finally:
            if running:
                running.stop()
        result = {"us": answer["cpu_ns"] / 1000 / answer["measured"],
                  "capturer_us": capturer_ns / 1000 / answer["messages"]}
        if running:
            result["captured"] = captured_bytes(contender.name, running, app.pid) / (2 * MESSAGE_BYTES * answer["messages"])
        return result

    sample(None)  # warm
    without, samples = contest(rivals, args.rounds, sample)
    base, ours = samples["baseline"], samples["libqtap"]
    ratios = [(b[0]["us"] - neighbours(b, "us")) and (o[0]["us"] - neighbours(o, "us")) / (b[0]["us"] - neighbours(b, "us"))
              for b, o in zip(base, ours)]
    report = {"way": way, "rounds": args.rounds, "noise_percent": noise([one["us"] for one in without]),
              "none_us": median([one["us"] for one in without]), "ratio": median(ratios), "ratios": ratios,
              "contenders": {name: {"us": median([one[0]["us"] for one in triples]), "added_us": added(triples, "us"),
                                    "capturer_us": median([one[0]["capturer_us"] for one in triples]),
                                    "captured": min(one[0]["captured"] for one in triples)}
                             for name, triples in samples.items()}}
    rows = [["none", number(report["none_us"]), None, None, None]]
    rows += [[name, number(one["us"]), number(one["added_us"]), number(one["capturer_us"]), f"{100 * one['captured']:.2f} %"]
             for name, one in report["contenders"].items()]
    print(f"\nSSL_write + SSL_read of 1 KiB over a {way}, {args.rounds} rounds, noise {report['noise_percent']:.1f} %")
    print(table(["", "program, CPU µs", "added µs", "capturer, CPU µs", "captured (least)"], rows))
    print(f"added by libqtap / added by the baseline: {report['ratio']:.3f} (rounds {min(ratios):.3f} to {max(ratios):.3f})")
    return report


def main():
    cpus = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Prices a call.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="processor time per sample")
    parser.add_argument("--way", choices=("socket", "pair", "both"), default="both")
    parser.add_argument("--gate", type=float, metavar="RATIO")
    parser.add_argument("--app-cpu", type=int, default=cpus[0])
    parser.add_argument("--capturer-cpu", type=int, default=cpus[-1])
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    print(heading("Price of a call"))
    rivals = [contenders.baseline(), contenders.libqtap()]
    with tempfile.TemporaryDirectory(prefix="qtap-bench-") as name:
        folder = pathlib.Path(name)
        target = SimpleNamespace(folder=folder, libssl=private_library(folder / "lib"))
        with App(certificate(folder), target.libssl, args.app_cpu) as app:
            reports = [measure_way(way, app, target, rivals, args)
                       for way in (("socket", "pair") if args.way == "both" else (args.way,))]
            app.close_stdin()
    write_json(args.json, reports=reports)
    if args.gate is None:
        return 0
    gated = reports[0]
    whole = min(one["captured"] for one in gated["contenders"].values()) == 1
    return 0 if whole and gated["ratio"] <= args.gate else 1


if __name__ == "__main__":
    sys.exit(main())
