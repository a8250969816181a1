# SPDX-License-Identifier: Apache-2.0
"""Starts and stops what the live tests need. Nothing sleeps: each wait is for a line, with a deadline."""
import base64
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("QTAP_BUILD_DIR", ROOT / "build")).resolve()
QTAP_MINI = BUILD / "examples" / "qtap-mini" / "qtap-mini"
PYTHON = "/usr/bin/python3"
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
DEADLINE_S = 120  # far above what anything here needs, also on a busy machine

# A proxy of the environment would turn local requests into something else; the agent's variables are the tests' own.
ENVIRONMENT = {key: value for key, value in os.environ.items()
               if "proxy" not in key.lower() and not key.startswith("QPOINT_")}


class Process:
    """A child whose output lines are collected while it runs, so that it never blocks and tests can wait for a line."""

    def __init__(self, argv, merge_stderr=False, **more):
        more.setdefault("env", ENVIRONMENT)
        more.setdefault("stdin", subprocess.DEVNULL)
        self._process = subprocess.Popen([str(arg) for arg in argv], stdout=subprocess.PIPE, text=True,
                                         encoding="utf-8", errors="replace",
                                         stderr=subprocess.STDOUT if merge_stderr else subprocess.PIPE, **more)
        self.pid = self._process.pid
        self.out, self.err = [], []
        self.on_line = None  # called with each line of stdout, on a thread of its own
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._collect, args=pair, daemon=True)
                         for pair in ((self._process.stdout, self.out), (self._process.stderr, self.err)) if pair[0]]
        for thread in self._threads:
            thread.start()

    def _collect(self, stream, lines):
        for line in stream:
            with self._changed:
                lines.append(line.rstrip("\n"))
                self._changed.notify_all()
            if self.on_line and lines is self.out:
                self.on_line(lines[-1])
        with self._changed:
            self._changed.notify_all()

    def _ended(self):
        return not any(thread.is_alive() for thread in self._threads)

    def write_stdin(self, text):
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def close_stdin(self):
        self._process.stdin.close()

    def wait_for(self, what, found, deadline_s=DEADLINE_S):
        """Waits until found() is true, looking again after each line; returns what it returned."""
        end = time.monotonic() + deadline_s
        with self._changed:
            while not (result := found()):
                # The threads' end is not always notified after they died: look again now and then.
                left = end - time.monotonic()
                if left <= 0 or self._process.poll() is not None and self._ended():
                    if result := found():
                        return result
                    raise AssertionError(f"{self._process.args[0]}: no {what}; exit code {self._process.poll()}\n"
                                         f"stdout: {self.out[-20:]}\nstderr: {self.err[-20:]}")
                self._changed.wait(min(left, 0.2))
            return result

    def wait_for_line(self, lines, pattern, deadline_s=DEADLINE_S):
        """Waits for a line that matches; returns the match."""
        return self.wait_for(f"line like {pattern!r}",
                             lambda: next((m for line in list(lines) if (m := re.search(pattern, line))), None),
                             deadline_s)

    def wait(self):
        code = self._process.wait(timeout=DEADLINE_S)
        for thread in self._threads:
            thread.join(timeout=DEADLINE_S)
        return code

    def stop(self, with_signal=signal.SIGTERM):
        """Ends the process if it still runs; returns its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(with_signal)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Agent(Process):
    """qtap-mini --all --json (as_json=False: lines for people), ready to capture; `objects` is a directory."""

    def __init__(self, *flags, objects=None, as_json=True, **more):
        argv = [QTAP_MINI, "--all", *(["--json"] if as_json else []), *flags]
        if objects:
            argv += ["--objects", objects]
        self.objects_dir = objects
        super().__init__(argv, **more)
        try:
            self.ready = self.wait_for_line(self.err, r"^ready:.*").group()
        except BaseException:
            self._process.kill()
            self.wait()
            raise

    def events(self, kind=None):
        """The events so far; each line must be a whole JSON document."""
        events = [json.loads(line) for line in list(self.out)]
        return [event for event in events if kind in (None, event["eventType"])]

    def wait_for_requests(self, url, count):
        """Waits for `count` request events of a URL and the last report of each of their connections."""

        def found():
            requests = [event for event in self.events("request") if event["url"] == url]
            ids = {event["connectionId"] for event in requests}
            final = {event["meta"]["connectionId"] for event in self.events("connection") if event["finalized"]}
            return requests if len(requests) >= count and ids <= final else None

        return self.wait_for(f"{count} requests of {url} on closed connections", found)

    def wait_for_objects(self, url, count):
        """Waits for `count` objects of a URL: a worker of their own writes them, before or after the events come."""

        def found():
            objects = [one for one in objects_in(self.objects_dir, running=True) if one["request"]["url"] == url]
            return objects if len(objects) >= count else None

        return self.wait_for(f"{count} objects of {url}", found)

    def connection(self, connection_id):
        """The last report of a connection."""
        return [event for event in self.events("connection") if event["meta"]["connectionId"] == connection_id][-1]

    def finish(self, server):
        """Stops it; returns (request events, objects) of a server, since other programs of this machine may be seen as
        well. Everything that was seen must have been delivered."""
        assert self.stop() == 0, self.err
        ledger = self.ledger()
        for name in ("lost", "ring full", "fault", "map full", "other", "corrupt", "parse errors", "dropped"):
            assert ledger[name] == 0, self.err
        prefix = server.url("/")
        return ([event for event in self.events("request") if event["url"].startswith(prefix)],
                [one for one in objects_in(self.objects_dir) if one["request"]["url"].startswith(prefix)])

    def ledger(self):
        return ledger_of(self.err)


def ledger_of(lines):
    """Counter name -> value, of the lines that qtap-mini prints at the end."""
    counters = {}
    for line in lines:
        if re.match(r"(captured|bytes|bytes lost to|lost records|sinks): ", line):
            for name, value in re.findall(r"([a-z][a-z ]*) (\d+)", line.partition(": ")[2]):
                counters[name.strip()] = int(value)
    return counters


def objects_in(folder, running=False):
    """The objects of a file store, parsed; file name = digest of the bytes. While the store runs, a file that is being
    written has another name: a dot and something behind the digest."""
    objects = []
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file() and not (running and path.suffix):
            data = path.read_bytes()
            assert hashlib.sha256(data).hexdigest() == path.name
            objects.append(json.loads(data))
    return objects


def body_of(message):
    return base64.b64decode(message.get("body", ""), validate=True)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def qtap_mini(*flags, prefix=(), env=None, **more):
    """Runs qtap-mini to its end; returns the finished process with text output."""
    return subprocess.run([*map(str, prefix), str(QTAP_MINI), *map(str, flags)], text=True, stdin=subprocess.DEVNULL,
                          timeout=DEADLINE_S, env={**ENVIRONMENT, **(env or {})},
                          **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more})


def run_as(prefix, folder, *flags):
    """Runs the qtap-mini of the fixture public_copy to its end, by way of a command that makes us somebody else."""
    return subprocess.run([*prefix, folder / "qtap-mini", *flags], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, env={**ENVIRONMENT, "LD_LIBRARY_PATH": str(folder)})


def run_logged(argv):
    """Runs a client to its end; returns (pid, stdout, stderr)."""
    process = subprocess.Popen([str(arg) for arg in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=ENVIRONMENT)
    try:
        out, err = process.communicate(timeout=DEADLINE_S)
    except BaseException:
        process.kill()
        process.wait()
        raise
    assert process.returncode == 0, (argv, err)
    return process.pid, out, err


def run_client(argv):
    """(pid, stdout)"""
    return run_logged(argv)[:2]


def curl_logged(url, *flags, cert=None):
    ca = ["--cacert", cert] if cert else []
    return run_logged(["/usr/bin/curl", "-sS", "--http1.1", "--max-time", DEADLINE_S, *ca, *flags, url])


def curl(url, *flags, cert=None):
    return curl_logged(url, *flags, cert=cert)[:2]
