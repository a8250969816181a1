# SPDX-License-Identifier: Apache-2.0
"""Runs one case: oracles and contender are started, waited for, and stopped by their own pid."""
import json
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import BUILD, DEADLINE_S, PYTHON, Process  # noqa: E402

import records  # noqa: E402
from compare import Truth  # noqa: E402

ORACLES = pathlib.Path(os.environ.get("SCOREBOARD_BIN", BUILD / "tests" / "scoreboard" / "oracles"))
ORACLE_PY, ORACLE_MJS = HERE / "oracles" / "oracle.py", HERE / "oracles" / "oracle.mjs"
PROGRAMS = {
    "c-blocking": ([ORACLES / "oracle_blocking"], []),
    "c-epoll": ([ORACLES / "oracle_loop"], []),
    "c-membio": ([ORACLES / "oracle_loop"], ["--bio", "memory"]),
    "c-ownbio": ([ORACLES / "oracle_loop"], ["--bio", "own"]),
    "py-blocking": ([PYTHON, ORACLE_PY, "blocking"], []),
    "py-threads": ([PYTHON, ORACLE_PY, "threads"], []),
    "py-asyncio": ([PYTHON, ORACLE_PY, "asyncio"], []),
    "node": (["node", ORACLE_MJS], []),
}


class Contender(Process):
    """Any command that speaks the format; `measured` after stop(): (CPU seconds, RSS MiB)."""

    def __init__(self, argv):
        super().__init__(argv)
        self.measured = (None, None)
        try:
            self.wait_for_line(self.out, r'"ev": ?"ready"')
        except BaseException:
            self._process.kill()
            self.wait()
            raise

    def stop(self, with_signal=signal.SIGTERM):
        if self._process.returncode is not None:
            return self._process.returncode
        self._process.send_signal(with_signal)
        for thread in self._threads:  # they end with the output
            thread.join(timeout=DEADLINE_S)
            if thread.is_alive():
                self._process.kill()
        # wait4() instead of wait(): it also says what the contender, and what it waited for, has used.
        _, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.measured = (usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        return self._process.returncode

    def streams(self):
        return records.streams_of(json.loads(line) for line in self.out if line.startswith("{"))


class NoContender:
    """The run without: what the exchange itself costs."""
    measured = (None, None)

    def stop(self):
        pass

    def streams(self):
        return [], 0


def oracle(kind, role, flags, **more):
    argv, extra = PROGRAMS[kind]
    switches = []
    for name, value in flags.items():
        switches += [f"--{name}"] if value is True else [f"--{name}", value]
    return Process([*argv, role, *extra, *switches], **more)


def lines_of(process, kind):
    return [record for line in list(process.out) if (record := json.loads(line))["ev"] == kind]


def end(process):
    code = process.wait()
    if code != 0:
        raise RuntimeError(f"oracle ended with {code}: {process.err[-5:]}")


def truths_of(process, late):
    """The last phase is what the contender can have seen."""
    found = [record for record in lines_of(process, "truth") if record["phase"] == (1 if late else 0)]
    names = ("pid", "local", "remote", "dir", "nonce", "bytes", "sha256")
    return [Truth(**{name: record[name] for name in names}, late=late) for record in found]


def client_flags(case, port):
    flags = {**case.flags, "port": port}
    if case.late:
        flags.update(phases=2, hold=True)
    return flags


def server_flags(case, cert):
    flags = {**case.flags, "conns": case.flags["conns"] * case.processes, "cert": cert.cert, "key": cert.key}
    flags.pop("abrupt", None)
    if case.late:
        flags["phases"] = 2
    return flags


def run_oracles(case, cert, start):
    """(truths, contender, processor time per call of both sides); `start` starts the contender."""
    contender, clients = None if case.late else start(), []
    server = oracle(case.server, "server", server_flags(case, cert))
    try:
        port = int(server.wait_for_line(server.out, r'"port": ?(\d+)').group(1))
        for _ in range(case.processes):
            clients.append(oracle(case.client, "client", client_flags(case, port), stdin=subprocess.PIPE))
            if case.late:
                clients[-1].wait_for_line(clients[-1].out, r'"held"')
                contender = start()
                clients[-1].write_stdin("\n")
            end(clients[-1])
        end(server)
    except BaseException:
        for process in (*clients, server, contender):
            if process:
                process.stop()
        raise
    contender.stop()
    everybody = (server, *clients)
    costs = [record for one in everybody for record in lines_of(one, "cost")]
    calls = sum(record["calls"] for record in costs)
    us_per_call = sum(record["cpu_ns"] for record in costs) / 1000 / calls if calls else None
    return [truth for one in everybody for truth in truths_of(one, case.late)], contender, us_per_call
