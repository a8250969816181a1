# SPDX-License-Identifier: Apache-2.0
"""Contenders in turn with nobody: each sample is compared with those without capture right before and after it, so that a
machine whose speed changes says the same. Medians of the rounds; the spread of the samples without capture is the noise."""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess

from run import cpu_model, git

NONE = "none"


def contest(contenders, rounds, sample):
    """Runs none, A, none, B, ..., none per round, the order turned around in every other one. `sample(contender or None)`
    gives a dict, or None if there was none to be had. Returns (samples without capture,
    {name: [(sample, sample before, sample after)]})."""
    without, samples = [], {one.name: [] for one in contenders}
    for number in range(rounds):
        before = sample(None)
        without.append(before)
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            measured = sample(contender)
            after = sample(None)
            without.append(after)
            if measured:
                samples[contender.name].append((measured, before, after))
            before = after
    return without, samples


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def lower_quartile(values):
    return statistics.quantiles(values, n=4, method="inclusive")[0] if len(values) > 1 else values[0]


def noise(values):
    """Interquartile range of the values, in percent of their median."""
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return 100 * (high - low) / middle


def neighbours(triple, key):
    """What the samples without capture on both sides say, on the average."""
    return (triple[1][key] + triple[2][key]) / 2


def added(triples, key):
    """The median of what a contender adds to `key`."""
    return median([triple[0][key] - neighbours(triple, key) for triple in triples])


def kept(triples, key):
    """The median of what a contender leaves of `key`, 1 = all."""
    return median([triple[0][key] / neighbours(triple, key) for triple in triples])


def table(head, rows):
    """A table in Markdown; numbers come as text already, None as a dash."""
    lines = [head, ["---"] * len(head), *([("-" if cell is None else str(cell)) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value, form="{:.2f}"):
    return None if value is None else form.format(value)


def setting():
    """Where and of what this was measured, for tables that are kept."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": git("rev-parse", "--short=7", "HEAD") or "unknown", "changed": bool(git("status", "--porcelain")),
            "cpu": cpu_model(), "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory / 2**30),
            "kernel": platform.release(), "load": [round(value, 2) for value in os.getloadavg()]}


def write_json(path, **report):
    if path:
        pathlib.Path(path).write_text(json.dumps({"setting": setting(), **report}, indent=1) + "\n")


def heading(title):
    where = setting()
    return (f"# {title}\n{where['cpu']}, {where['cores']} CPUs, Linux {where['kernel']}, commit {where['commit']}"
            f"{' with changes' if where['changed'] else ''}, load {where['load'][0]} at the start")


def private_library(folder):
    """Copies of OpenSSL that nobody else's probes are in; returns the path of libssl, its folder is for LD_LIBRARY_PATH."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    for line in subprocess.run(["ldd", "/usr/bin/openssl"], capture_output=True, text=True, check=True).stdout.splitlines():
        name, _, rest = line.strip().partition(" => ")
        if name.startswith(("libssl.so", "libcrypto.so")):
            (folder / name).write_bytes(pathlib.Path(rest.split()[0]).read_bytes())
    return next(folder.glob("libssl.so*"))


