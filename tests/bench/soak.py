#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does anything stay behind? Many short TLS connections and processes beside a running qtap-mini; then its memory, its
descriptors and the entries of its kernel tables. Needs root, a build in ./build, nginx and openssl.

    tests/bench/soak.py [--connections 100000] [--processes 10000]

Prints one JSON document. Exit code 1: table entries were left, descriptors or memory grew."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from harness import DEADLINE_S, QTAP_MINI, Process  # noqa: E402
from listeners import certificate, nginx  # noqa: E402

TABLES = ("state_by_sock", "stream_by_ssl", "ssl_calls_by_th", "unsent_closes", "unsent_stream_e", "payload_by_thre")  # cut by the kernel
BATCH_S = 5
# What the allocator keeps may wander; a connection that is never given back costs a kilobyte or more.
MAX_GROWTH_KIB = 2048


def rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"no VmRSS of {pid}")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def bpftool(*argv):
    tool = shutil.which("bpftool", path="/usr/sbin:/usr/bin")
    end = time.monotonic() + DEADLINE_S
    while True:  # it fails when an object of somebody else goes away meanwhile
        done = subprocess.run([tool, "-j", *argv], capture_output=True, timeout=DEADLINE_S)
        if done.returncode == 0:
            return json.loads(done.stdout or b"[]")
        if time.monotonic() > end:
            raise RuntimeError(f"bpftool {argv}: {done.stderr}")


def entries(pid):
    """Entries in our tables that belong to what is over: name -> count."""
    held = "".join(one.read_text() for one in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir())
    ids = {int(number) for number in re.findall(r"^map_id:\s*(\d+)", held, re.MULTILINE)}
    ours = {one["id"]: one["name"] for one in bpftool("map", "list") if one["id"] in ids and one.get("name") in TABLES}
    return {name: len(bpftool("map", "dump", "id", str(number))) for number, name in ours.items()}


def connect(server, wanted, after_each_batch):
    """Full handshakes and one request each, by `openssl s_time`; returns how many."""
    done = 0
    while done < wanted:
        run = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{server.port}", "-new", "-www", "/hello",
                              "-time", str(BATCH_S)], capture_output=True, text=True, timeout=DEADLINE_S)
        done += int(run.stdout.split(" connections in ")[0].split()[-1])
        after_each_batch()
    return done


def main():
    parser = argparse.ArgumentParser(description="Looks for what stays behind.")
    parser.add_argument("--connections", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=10_000)
    args = parser.parse_args()
    memory = []
    with tempfile.TemporaryDirectory() as name:
        process, server = nginx(pathlib.Path(name), certificate(name))
        with process, Process(["sh", "-c", f"exec {QTAP_MINI} --all --json >/dev/null"]) as agent:
            agent.wait_for_line(agent.err, "^ready:")
            connect(server, args.connections // 10, lambda: None)  # warm
            fds = descriptors(agent.pid)
            begin = time.monotonic()
            connections = connect(server, args.connections, lambda: memory.append(rss_kib(agent.pid)))
            for _ in range(args.processes):
                os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
            memory.append(rss_kib(agent.pid))
            seconds = time.monotonic() - begin
            end = time.monotonic() + DEADLINE_S
            # nginx lives on, with what it does now; a thread's entry stays for the life of its thread.
            while (left := {k: v for k, v in entries(agent.pid).items() if v > 4}) and time.monotonic() < end:
                time.sleep(0.25)
            report = {"connections": connections, "processes": args.processes, "seconds": round(seconds, 1),
                      "rss_kib": memory, "rss_growth_kib": memory[-1] - memory[0], "entries": entries(agent.pid),
                      "descriptors": [fds, descriptors(agent.pid)]}
            agent.stop()
            report["ledger"] = [line for line in agent.err if line.startswith(("captured:", "bytes", "lost"))]
    print(json.dumps(report, indent=1))
    good = not left and report["descriptors"][0] == report["descriptors"][1] and \
        report["rss_growth_kib"] <= MAX_GROWTH_KIB
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
