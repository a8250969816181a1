#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does capture cost an HTTPS server? nginx with one worker, under as much load as it takes and at a fixed rate, with
each contender and with nobody in turn. Needs root, a build, nginx; bpftrace and sslsniff join where they run.

    tests/bench/https_load.py [--rounds 5] [--seconds 2] [--case saturated-1k,saturated-100k,rate-1k] [--rate 3000]
                              [--contender NAME,...] [--json FILE]

CPU times are per request. "server" is nginx, and so is what probes cost; "added" is what capture costs nginx, and the
capturer's own time. A contender that captures less than all has less to do: read its last columns first."""
import argparse
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import contenders  # noqa: E402
import peers  # noqa: E402
from contenders import cpu_ns, memory_kib  # noqa: E402
from contest import added, contest, heading, kept, median, noise, number, table, write_json  # noqa: E402
from target import run_load, target  # noqa: E402

CASES = {"saturated-1k": ("/1k/", False), "saturated-100k": ("/100k/", False), "rate-1k": ("/1k/", True)}
MAKERS = {
    "qtap-mini full": lambda where: contenders.qtap_mini("full"),
    "qtap-mini summary": lambda where: contenders.qtap_mini("summary"),
    "baseline": lambda where: contenders.baseline(),
    "bpftrace": lambda where: peers.bpftrace(),
    "sslsniff": lambda where: peers.sslsniff(where.folder),
}
DRAIN_S = 0.3
HEAD = ["", "throughput kept", "+p50 µs", "+p99 µs", "server CPU µs", "capturer CPU µs", "added CPU µs", "requests captured",
        "least", "RSS MiB"]


def take_sample(where, contender, path, rate, args):
    try:
        running = contender.start(where, args.capturer_cpu) if contender else None
    except RuntimeError as error:  # bcc's attaching fails now and then
        print(f"{contender.name}: a sample less: {error}", file=sys.stderr)
        return None
    server = where.server.pid
    try:
        server_ns, capturer_ns = cpu_ns(server), cpu_ns(running.pid) if running else 0
        load = run_load(where, path, args.connections, args.seconds, args.load_cpu, rate)
        requests = load["requests"]
        result = {**load, "per_second": requests / load["seconds"], "server_us": (cpu_ns(server) - server_ns) / 1000 / requests}
        if running:
            time.sleep(DRAIN_S)  # what it still has to do counts
            if not pathlib.Path(f"/proc/{running.pid}/task").exists():
                raise RuntimeError(f"{contender.name} ended under load: {running.err[-3:]}")
            result["capturer_us"] = (cpu_ns(running.pid) - capturer_ns) / 1000 / requests
            result["rss_mib"] = memory_kib(running.pid, "VmHWM") / 1024
    finally:
        if running:
            running.stop()
    if running:
        result["captured"] = contender.captured(running, path) / requests
        running.out_file.unlink()
    return result


def row(name, triples):
    M = lambda key: median([triple[0][key] for triple in triples])  # noqa: E731
    return {"name": name, "kept": kept(triples, "per_second"), "p50_us": added(triples, "p50_us"),
            "p99_us": added(triples, "p99_us"), "server_us": M("server_us"), "capturer_us": M("capturer_us"),
            "added_us": median([one[0]["server_us"] - (one[1]["server_us"] + one[2]["server_us"]) / 2 + one[0]["capturer_us"]
                                for one in triples]),
            "samples": len(triples), "captured": M("captured"),
            "captured_least": min((triple[0]["captured"] for triple in triples), default=None), "rss_mib": M("rss_mib")}


def run_case(where, name, rivals, args):
    path, fixed = CASES[name]
    rate = args.rate if fixed else 0
    take = lambda contender: take_sample(where, contender, path, rate, args)  # noqa: E731
    take(None)  # warm
    without, samples = contest(rivals, args.rounds, take)
    none = {key: median([one[key] for one in without]) for key in ("per_second", "p50_us", "p99_us", "server_us")}
    rows = [row(*pair) for pair in samples.items()]
    report = {"case": name, "rate": rate, "rounds": args.rounds, "none": none, "rows": rows,
              "noise_percent": noise([one["server_us" if fixed else "per_second"] for one in without])}
    print(f"\n{name}{f', {rate} requests/s' if rate else ''}, {args.connections} connections, {args.rounds} rounds of "
          f"{args.seconds:g} s, noise {report['noise_percent']:.1f} %. Nobody: {none['per_second']:.0f} requests/s, "
          f"p50 {none['p50_us']:.0f} µs, p99 {none['p99_us']:.0f} µs, server {none['server_us']:.1f} µs")
    print(table(HEAD, [[one["name"], number(one["kept"], "{:.3f}"), number(one["p50_us"], "{:+.0f}"),
                        number(one["p99_us"], "{:+.0f}"), number(one["server_us"], "{:.1f}"),
                        number(one["capturer_us"], "{:.1f}"), number(one["added_us"], "{:.1f}"),
                        number(one["captured"], "{:.2%}"), number(one["captured_least"], "{:.2%}"),
                        number(one["rss_mib"], "{:.0f}")] for one in rows]), flush=True)
    return report


def main():
    cpus = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Prices capture for an HTTPS server.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of load per sample")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rate", type=int, default=3000, help="requests per second of the case rate-1k")
    parser.add_argument("--case", default=",".join(CASES))
    parser.add_argument("--contender", default=",".join(MAKERS))
    parser.add_argument("--server-cpu", type=int, default=cpus[0])
    parser.add_argument("--load-cpu", type=int, default=cpus[min(1, len(cpus) - 1)])
    parser.add_argument("--capturer-cpu", type=int, default=cpus[-1])
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    print(heading("Capture under HTTPS load"))
    with target(args.server_cpu) as where:
        rivals = []
        for name in args.contender.split(","):
            try:
                rivals.append(MAKERS[name](where))
                rivals[-1].start(where).stop()  # does it run here at all?
            except (peers.NotRunnable, RuntimeError) as error:
                if rivals and rivals[-1].name == name:
                    rivals.pop()
                print(f"{name}: not runnable: {error}")
        reports = [run_case(where, name, rivals, args) for name in args.case.split(",")]
    write_json(args.json, reports=reports)
    return 0


if __name__ == "__main__":
    sys.exit(main())
