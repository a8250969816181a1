# SPDX-License-Identifier: Apache-2.0
"""Reads the console of a guest (see init) and says what is wrong with what it told."""
import json
import re

ENDS = {"egress-internal": "curl", "ingress": "nginx"}  # direction of an event -> whose end it is
# What must be zero when the reader keeps up.
LOSSES = ("lost", "ring full", "fault", "map full", "other", "corrupt", "gaps", "parse errors", "limits hit", "dropped")
# The program at the end of system calls, and its copies where there are any (bpf/syscall.bpf.c).
COPIES = ("on_sys_exit", "on_sys_exit_2", "on_sys_exit_3", "on_sys_exit_4")


class Console:
    def __init__(self, path):
        self.path = path
        self.release = self.version = ""
        self.end_s = None
        self.programs = {}  # name -> verified instructions, or None: refused
        self.verifier = []
        self.running = {}  # name -> verified instructions, 0: the kernel does not tell
        self.links = {}  # kind -> number
        self.clients, self.events, self.objects, self.complaints = [], [], [], []
        self.ledgers = {"capture": {}, "loss": {}}
        self.exits = {}
        self.last = "nothing"
        for line in path.read_text(errors="replace").splitlines():
            # The firmware's screen codes may precede the first line.
            if match := re.search(r"@([a-z]+) ?(.*)", line.rstrip()):
                self.last = match[0][:100]
                getattr(self, "on_" + match[1], self.on_other)(match[2])
            elif re.search(r"Kernel panic|Oops|BUG:|Call Trace|WARNING:", line):
                self.complaints.append("kernel: " + line.strip())

    def on_other(self, text):
        pass

    def on_kernel(self, text):
        self.release, _, self.version = text.partition(" ")

    def on_load(self, text):
        word, name, *rest = text.split(" ")
        if word == "program":
            self.programs[name] = int(rest[1]) if rest[0] == "loads" else None
        elif word == "verifier":
            self.verifier.append(f"{name}: {' '.join(rest)}")
        else:
            self.complaints.append("loader: " + text)

    def on_now(self, text):
        word, name, number, *_ = text.split()
        (self.running if word == "running" else self.links)[name] = int(number)

    def on_later(self, text):
        word, name, *numbers = text.split()
        if word != "running" or not int(numbers[1]):
            return
        # Where copies run one takes what another misses; a call that all may have missed is told as "other".
        if not (name in COPIES and all(copy in self.running for copy in COPIES)):
            self.complaints.append(f"the kernel did not run {name} {numbers[1]} times, since it was preempted or nested "
                                   "on that CPU: what it would have read is missing")

    def on_client(self, text):
        self.clients.append(tuple(text.split()))

    def on_curl(self, text):
        self.complaints.append("curl: " + text)

    def on_nginx(self, text):
        self.complaints.append("nginx: " + text)

    def on_failed(self, text):
        self.complaints.append(text)

    def on_exit(self, text):
        name, code = text.split()
        self.exits[name] = int(code)

    def on_log(self, text):
        name, _, line = text.partition(" ")
        if re.match(r"(captured|bytes|lost records|sinks): ", line):
            for counter, value in re.findall(r"([a-z][a-z ]*) (\d+)", line.partition(": ")[2]):
                self.ledgers[name][counter.strip()] = int(value)
        elif "error" in line:
            self.complaints.append(line)

    def on_event(self, text):
        self.events.append(json.loads(text))

    def on_object(self, text):
        name, digest, rest = text.split(" ", 2)
        end = rest.rindex("}") + 1
        self.objects.append((name, digest, json.loads(rest[:end]), rest[end:].split()))

    def on_end(self, text):
        self.end_s = float(text)


def mistakes(console, files):
    """What is wrong, one line each. `files`: name -> SHA-256 of what the server serves and curl sends."""
    yield from console.complaints
    if console.end_s is None:
        yield f"the guest did not come to its end; its last word: {console.last}"
        return
    yield from (f"{name} was refused by the verifier" for name, insns in console.programs.items()
                if insns is None and name in console.running)
    for name, insns in console.running.items():
        if name not in console.programs:
            yield f"{name} runs but the loader does not know it"
        elif insns and insns != console.programs[name]:
            yield f"{name}: verified {insns} instructions in qtap-mini, {console.programs[name]} in the loader"
    yield from (f"qtap-mini ended with code {code} in test {name}" for name, code in console.exits.items() if code)
    yield from capture_mistakes(console, files)
    yield from loss_mistakes(console)


def capture_mistakes(console, files):
    objects = {name: (one, digests) for name, digest, one, digests in console.objects if name == digest}
    yield from (f"object {name} is not what its name says" for name, digest, *_ in console.objects if name != digest)
    for url, method, body, where in (("https://localhost:8443/answer", "GET", "answer", -1),
                                     ("https://localhost:8443/post", "POST", "question", 0),
                                     ("http://localhost:8080/answer", "GET", "answer", -1),
                                     ("http://localhost:8080/post", "POST", "question", 0)):
        if method == "GET" and (url, files[body]) not in console.clients:
            yield f"curl itself got something else from {url}"
        for direction, end in ENDS.items():
            found = [event for event in console.events if event["url"] == url and event["direction"] == direction]
            if len(found) != 1:
                yield f"{len(found)} events of {method} {url} at {end}, not one"
                continue
            event = found[0]
            if (event["method"], event["status"], "bin:" + end in event["tags"]) != (method, 200, True):
                yield f"the event of {method} {url} at {end} says {event['method']} {event['status']} {event['tags']}"
            if event["tlsProbeIntrospected"] != url.startswith("https:"):
                yield f"the event of {method} {url} at {end} does not tell TLS from plain"
            one, digests = objects.get(next((o["digest"] for o in event.get("objects", ())), ""), ({}, []))
            if not digests or digests[where] != files[body] or one.get("truncated"):
                yield f"the object of {method} {url} at {end} has another body than was sent"
            elif (one["request"]["url"], one["request"]["method"]) != (url, method):
                yield f"the object of {method} {url} at {end} is of {one['request']['method']} {one['request']['url']}"
    ledger = console.ledgers["capture"]
    yield from (f"capture: {name} is {ledger.get(name, 'not told')}" for name in LOSSES if ledger.get(name) != 0)
    # Every byte of the requests crossed exactly one TLS object or plain socket, and nothing else did.
    crossed = sum(event["bytesSent"] + event["bytesReceived"] for event in console.events)
    if ledger.get("seen") != crossed or ledger.get("delivered") != crossed:
        yield f"capture: {crossed} bytes crossed, seen {ledger.get('seen')}, delivered {ledger.get('delivered')}"


def loss_mistakes(console):
    ledger = console.ledgers["loss"]
    seen, delivered, lost = (ledger.get(name, -1) for name in ("seen", "delivered", "lost"))
    if seen != delivered + lost:
        yield f"loss: seen {seen} is not delivered {delivered} + lost {lost}"
    if not ledger.get("ring full") or lost <= 0:
        yield f"loss: a full ring was not told: ring full {ledger.get('ring full')}, lost {lost}"
    yield from (f"loss: {name} is {ledger.get(name)}" for name in ("fault", "map full", "other", "corrupt")
                if ledger.get(name) != 0)


def features(console):
    """Feature -> what qtap-mini used on this kernel, told by what was loaded and attached, not by the version."""
    def runs(prefix):
        return any(name.startswith(prefix) for name in console.running)

    return {
        "TLS probes": f"uprobe_multi ({console.links.get('uprobe_multi', 0)} links)" if runs("on_ssl_enter_mu") else
                      f"perf ({console.links.get('perf', 'no')} links)",  # links: 5.15
        "long calls": "bounded loop" if runs("on_sys_exit_bou") else "bpf_loop",
        "sockets, processes": f"tp_btf ({console.links.get('raw_tp', 0) + console.links.get('tracing', 0)} links)",
        "transport": "ringbuf",
        "session probes": "not used",
    }
