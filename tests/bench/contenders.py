# SPDX-License-Identifier: Apache-2.0
"""The capturers that are compared: how each is started on a libssl, when it is ready, and what it says that it captured.
Their output goes to a file, as nobody should pay for a pipe to Python."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness import BUILD, DEADLINE_S, QTAP_MINI, Process  # noqa: E402

BASELINE = BUILD / "tests" / "bench" / "baseline" / "baseline"
STOP_S = 15
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


def wakeups(pid):
    """How often a process slept and was woken, all its threads that live."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.MULTILINE)[1])
        except (FileNotFoundError, ProcessLookupError):
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

    def stop(self, with_signal=signal.SIGINT):  # bpftrace and sslsniff take no other
        if self._process.poll() is None:
            self._process.send_signal(with_signal)
        try:
            self._process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:  # bpftrace with much left to print; what it has printed counts
            self._process.kill()
        return self.wait()

    def _head(self):
        try:
            with open(self.out_file, "rb") as file:
                return file.read(1 << 16).decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _says(self, ready):
        return any(re.search(ready, line) for line in list(self.err)) or re.search(ready, self._head(), re.MULTILINE)


class Contender:
    """`argv(target)`: its command; target has the attributes libssl (path), folder and out_folder. `captured(running,
    path)`: how many requests to path + ten digits it shows in its output."""

    def __init__(self, name, argv, ready, env=None, captured=None):
        self.name, self.argv, self.ready, self.env, self.captured = name, argv, ready, env, captured

    def start(self, target, cpu=None):
        return Running(self.argv(target), self.ready, target.out_folder / f"{self.name}.out", cpu,
                       {**os.environ, **self.env} if self.env else None)


def json_lines(running):
    with open(running.out_file, encoding="utf-8", errors="replace") as file:
        return [json.loads(line) for line in file if line.startswith("{")]


def baseline():
    return Contender("baseline", lambda target: [BASELINE, target.libssl], "^ready$",
                     captured=lambda running, path: json_lines(running)[-1]["requests"])


def libqtap():
    """The library with a host that takes all bytes."""
    return Contender("libqtap", lambda target: [SCOREBOARD_QTAP], '"ev":"ready"')


QTAP_YAML = """version: 2
services:
  event_stores: [{ id: events, type: stdout }]
  object_stores: [%s]
stacks: { main: { plugins: [{ type: http_capture, config: { level: %s } }, { type: report_usage }] } }
tap: { direction: all, ignore_loopback: false, http: { stack: main } }
"""


def numbers(running, pattern, wanted=lambda line: True):
    """How many different requests are in the lines that are wanted."""
    found = set()
    pattern = re.compile(pattern)
    with open(running.out_file, "rb") as file:
        for line in file:
            if wanted(line):
                found.update(pattern.findall(line))
    return len(found)


def qtap_mini(level):
    """The agent as it is run: events, and at `full` whole transactions with their bodies, to a file."""
    full = level == "full"

    def argv(target):
        config = target.folder / f"qtap-{level}.yaml"
        config.write_text(QTAP_YAML % ("{ id: objects, type: stdout }" if full else "", level))
        return [QTAP_MINI, "--config", config]

    def wanted(line):
        if full:
            return line.startswith(b'{"metadata"') and b'"body":"' in line and b'"truncated"' not in line
        return line.startswith(b'{"eventType":"request"')

    return Contender(f"qtap-mini {level}", argv, "^ready:", captured=lambda running, path: numbers(
        running, b'"url":"https://localhost' + path.encode() + rb"(\d{10})", wanted))
