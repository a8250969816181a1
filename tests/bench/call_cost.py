#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does a traced program pay for one SSL_write and SSL_read of 1 KiB? Without capture, with the baseline (what TLS
capturers usually do, see baseline/) and with libqtap where a host takes every byte, in turn. Needs root and a build.

    tests/bench/call_cost.py [--rounds 9] [--seconds 0.5] [--way socket|pair|both] [--gate 0.2] [--json FILE]

--gate: exit code 1 if libqtap adds more than this share of what the baseline adds (with --way both: over a
socket). Samples that missed a byte are taken again, and are in no figure."""
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
from contenders import BUILD, Process, cpu_ns, json_lines, on_cpu, wakeups  # noqa: E402
from contest import (added, contest, heading, lower_quartile, median, noise, number,  # noqa: E402
                     private_library, table, write_json)
from listeners import certificate  # noqa: E402

APP = BUILD / "tests" / "bench" / "call_app"
MESSAGE_BYTES = 1024
TRIES = 4  # of a sample that lost bytes


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


def take_sample(way, app, target, contender, args):
    running = contender.start(target, args.capturer_cpu) if contender else None
    try:
        cpu, woken = (cpu_ns(running.pid), wakeups(running.pid)) if running else (0, 0)
        answer = app.measure(way, args.seconds)
        messages = answer["messages"]
        result = {"us": answer["cpu_ns"] / 1000 / answer["measured"]}
        if running:
            result |= {"capturer_us": (cpu_ns(running.pid) - cpu) / 1000 / messages,
                       "wakeups": (wakeups(running.pid) - woken) / messages}
    finally:
        if running:
            running.stop()
    if running:
        result["captured"] = captured_bytes(contender.name, running, app.pid) / (2 * MESSAGE_BYTES * messages)
    return result


def summary(triples):
    return {"us": median([one[0]["us"] for one in triples]), "added_us": added(triples, "us"),
            "low_us": lower_quartile([one[0]["us"] for one in triples]), "samples": len(triples),
            **{key: median([one[0][key] for one in triples]) for key in ("capturer_us", "wakeups")}}


def measure_way(way, app, target, rivals, args):
    def sample(contender):
        # What is lost costs less: a capturer that got no processor for a while is measured again.
        for _ in range(TRIES):
            result = take_sample(way, app, target, contender, args)
            if result.get("captured", 1) == 1:
                return result
        print(f"{contender.name}: a sample less: {result['captured']:.2%} captured", file=sys.stderr)
        return None

    sample(None)  # warm
    without, samples = contest(rivals, args.rounds, sample)
    if not all(samples.values()):
        raise RuntimeError("a capturer lost bytes in each sample: this machine is too busy")
    found = {name: summary(triples) for name, triples in samples.items()}
    ours, base = found["libqtap"], found["baseline"]
    low = lower_quartile([one["us"] for one in without])
    report = {"way": way, "rounds": args.rounds, "noise_percent": noise([one["us"] for one in without]),
              "none_us": median([one["us"] for one in without]), "contenders": found,
              "ratio": ours["added_us"] / base["added_us"],
              # What the machine does beside this only adds: the lower quartiles hold least of it.
              "ratio_of_lower_quartiles": (ours["low_us"] - low) / (base["low_us"] - low)}
    rows = [["none", number(report["none_us"]), None, None, None, None]]
    rows += [[name, number(one["us"]), number(one["added_us"]), number(one["capturer_us"]), number(one["wakeups"], "{:.3f}"),
              one["samples"]] for name, one in found.items()]
    print(f"\nSSL_write + SSL_read of 1 KiB over a {way}, {args.rounds} rounds, noise {report['noise_percent']:.1f} %")
    print(table(["", "program, CPU µs", "added µs", "capturer, CPU µs", "its wakeups", "samples with all bytes"], rows))
    print(f"added by libqtap / added by the baseline: {report['ratio']:.3f} (by lower quartiles "
          f"{report['ratio_of_lower_quartiles']:.3f})")
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
        target = SimpleNamespace(folder=folder, out_folder=folder, libssl=private_library(folder / "lib"))
        with App(certificate(folder), target.libssl, args.app_cpu) as app:
            reports = [measure_way(way, app, target, rivals, args)
                       for way in (("socket", "pair") if args.way == "both" else (args.way,))]
            app.close_stdin()
    write_json(args.json, reports=reports)
    if args.gate is None:
        return 0
    return 0 if reports[0]["ratio"] <= args.gate else 1


if __name__ == "__main__":
    sys.exit(main())
