# SPDX-License-Identifier: Apache-2.0
"""The capturers that are compared: how each is started on a libssl, when it is ready, and what it says that it captured.
Their output goes to a file, as nobody should pay for a pipe to Python."""
import json
import os
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness import BUILD, DEADLINE_S, Process  # noqa: E402

BASELINE = BUILD / "tests" / "bench" / "baseline" / "baseline"
SCOREBOARD_QTAP = BUILD / "tests" / "scoreboard" / "scoreboard_qtap"


def on_cpu(cpu, argv):
    return argv if cpu is None else ["taskset", "-c", str(cpu), *argv]


def cpu_ns(pid):
    """Processor time of a process so far, all its threads that live."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            pass
    return total


def memory_kib(pid, what="VmRSS"):
    """VmRSS: now; VmHWM: at most."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{what}:\s+(\d+)", text, re.MULTILINE).group(1))


class Running(Process):
    """A capturer that is ready; `out_file` holds its standard output."""

    def __init__(self, argv, ready, out_file, cpu=None, env=None):
        self.out_file = pathlib.Path(out_file)
        more = {"env": env} if env else {}
        super().__init__(["sh", "-c", 'file=$1; shift; exec "$@" >"$file"', "sh", out_file, *on_cpu(cpu, argv)], **more)
        end = time.monotonic() + DEADLINE_S
        while not self._says(ready):
            if self._process.poll() is not None or time.monotonic() > end:
                self._process.kill()
                self.wait()
                raise RuntimeError(f"{argv[0]} did not get ready: {self.err[-3:]} {self._head()[-300:]}")
            time.sleep(0.01)

    def _head(self):
        try:
            with open(self.out_file, "rb") as file:
                return file.read(1 << 16).decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _says(self, ready):
        return any(re.search(ready, line) for line in list(self.err)) or re.search(ready, self._head(), re.MULTILINE)


class Contender:
    """`argv(target)` of a name; target has the attributes libssl (path) and folder."""

    def __init__(self, name, argv, ready, env=None):
        self.name, self.argv, self.ready, self.env = name, argv, ready, env

    def start(self, target, cpu=None):
        return Running(self.argv(target), self.ready, target.folder / f"{self.name}.out", cpu,
                       {**os.environ, **self.env} if self.env else None)


def json_lines(running):
    with open(running.out_file, encoding="utf-8", errors="replace") as file:
        return [json.loads(line) for line in file if line.startswith("{")]


def baseline():
    return Contender("baseline", lambda target: [BASELINE, target.libssl], "^ready$")


def libqtap(*settings):
    """The library with a host that takes all bytes."""
    argv = [SCOREBOARD_QTAP]
    for one in settings:
        argv += ["--set", one]
    return Contender("libqtap", lambda target: argv, '"ev":"ready"')


