#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 and HTTP/2 between real peers in pairs, without TLS, through a relay that records. Each end's own log (count,
method, path with query, status, hashes of bodies) is what libqtap says, seen from either end, however the bytes are cut.

Usage: run.py [PAIR...]. Pairs whose peers are not installed are named; 77 when there was such a one.
"""
import collections
import http.client
import importlib.util
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from relay import Relay, sha, views
from waiting import DEADLINE_S, wait

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
NGINX, NGHTTPD = "/usr/sbin/nginx", "/usr/sbin/nghttpd"
TEXT = b"".join(b"line %d of a file\n" % i for i in range(5000))
NOTHING = sha(b"")

# What node's server is asked.
NODE_PATHS = ["/text/0", "/text/5?x=1&y=%20z", "/text/300000", "/gzip/50000", "/deflate/50000?a", "/raw/50000", "/br/50000",
              "/stacked/50000", "/chunks/3000", "/status/404", "/status/204", "/status/304", "/trailers", "/text/7?"]
NODE_ASKED = [("GET", path) for path in NODE_PATHS] + [("POST", "/echo?z=1"), ("POST", "/text/9"), ("HEAD", "/gzip/99")]
# What python's h2 is asked.
H2_ASKED = [("GET", "/text/1?x=1"), ("GET", "/text/20000"), ("HEAD", "/text/9"), ("GET", "/trailers"), ("GET", "/large"),
            ("GET", "/status/204"), ("GET", "/status/404"), ("POST", "/echo?z=1"), ("GET", "/early"), ("GET", "/text/0")]
FILE_ASKED = [("GET", "/file?x=1&y=2"), ("GET", "/small"), ("GET", "/missing?q"), ("HEAD", "/file"), ("GET", "/file")]


class Server:
    """A process that listens; `log()` gives its own lines, as far as it tells each of their members."""

    def __init__(self, argv, folder):
        self.folder = pathlib.Path(folder)
        self._out = open(self.folder / "out", "w+b")
        self._process = subprocess.Popen([str(a) for a in argv], stdout=self._out, stderr=subprocess.STDOUT,
                                         stdin=subprocess.DEVNULL)

    def output(self):
        return (self.folder / "out").read_text(errors="replace")

    def stop(self):
        self._process.terminate()
        self._process.wait(DEADLINE_S)
        self._out.close()


class Node(Server):
    asked = NODE_ASKED

    def __init__(self, folder, version):
        super().__init__(["node", HERE / "peers.js", f"serve{version}"], folder)
        self.port = json.loads(wait("port of node", lambda: self.output().partition("\n")[0]))["port"]

    def log(self):
        return [json.loads(line) for line in self.output().splitlines()[1:]]


class PythonH2(Node):
    asked = H2_ASKED

    def __init__(self, folder, _version):
        Server.__init__(self, [PYTHON, HERE / "h2_peers.py", "serve"], folder)
        self.port = json.loads(wait("port of h2", lambda: self.output().partition("\n")[0]))["port"]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def files(folder):
    root = pathlib.Path(folder) / "files"
    root.mkdir()
    (root / "file").write_bytes(TEXT)
    (root / "small").write_bytes(b"small\n")
    return root


class Nginx(Server):
    asked = FILE_ASKED

    def __init__(self, folder, version):
        self.port = free_port()
        root, conf = files(folder), pathlib.Path(folder) / "nginx.conf"
        temp = "".join(f"{name}_temp_path {folder}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf.write_text(f"""daemon off; worker_processes 1; pid {folder}/pid; error_log stderr notice; user root;
events {{}}
http {{ {temp} gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any; default_type text/plain;
  log_format peer '{{"method":"$request_method","path":"$request_uri","status":$status,"size":$body_bytes_sent}}';
  server {{ listen 127.0.0.1:{self.port} {"http2" if version == 2 else ""}; access_log {folder}/access.log peer;
    location / {{ root {root}; }} }} }}""")
        super().__init__([NGINX, "-e", "stderr", "-c", conf], folder)
        wait("worker of nginx", lambda: "start worker process " in self.output())

    def log(self):
        return [json.loads(line) for line in (self.folder / "access.log").read_text().splitlines()]


class Nghttpd(Server):
    asked = FILE_ASKED

    def __init__(self, folder, version):
        self.port = free_port()
        super().__init__(["stdbuf", "-oL", NGHTTPD, "--no-tls", "-v", "--trailer", "x-end: 1", "-a", "127.0.0.1", "-d",
                          files(folder), self.port], folder)
        wait("port of nghttpd", lambda: "listen" in self.output())

    def log(self):
        """Of `recv (stream_id=13) :path: /x`, and the lines behind `send HEADERS frame <..., stream_id=13>`."""
        lines, stream = collections.defaultdict(dict), None
        for line in self.output().splitlines():
            if found := re.match(r"(\[id=\d+\]) .* recv \(stream_id=(\d+)[^)]*\) :(method|path): (.*)", line):
                lines[found[1], found[2]][found[3]] = found[4]
            elif found := re.match(r"(\[id=\d+\]) .* send HEADERS frame <.*stream_id=(\d+)>", line):
                stream = found[1], found[2]
            elif found := re.match(r"\s+:status: (\d+)", line):
                lines[stream]["status"] = int(found[1])
        return list(lines.values())


def run(*argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=DEADLINE_S, stdin=subprocess.DEVNULL,
                          check=False)
    assert done.returncode == 0, (argv[0], done.returncode, done.stdout[-500:], done.stderr[-500:])
    return done.stdout.decode(errors="replace")


def ask_curl(port, asked, version):
    """One run, so one connection, for HTTP/1.1; curl 7.88 cannot use one of prior knowledge again. Bodies as sent: no
    --compressed, only the field."""
    if version == 2 and len(asked) > 1:
        return [line for one in asked for line in ask_curl(port, [one], version)]
    flag = "--http2-prior-knowledge" if version == 2 else "--http1.1"
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        posted = pathlib.Path(folder) / "posted"
        posted.write_bytes(TEXT)
        argv = ["curl", "-sS", "--noproxy", "*"]
        for n, (method, path) in enumerate(asked):
            how = {"POST": ["--data-binary", f"@{posted}"], "HEAD": ["-I"], "GET": []}[method]
            argv += [*(["--next"] if n else []), "-sS", flag, "-H", "Accept-Encoding: gzip", *how, "-w", "%{http_code}\n", "-o",
                     f"{folder}/{n}", f"http://127.0.0.1:{port}{path}"]
        statuses = run(*argv).split()
        for n, (method, path) in enumerate(asked):
            out = pathlib.Path(folder) / str(n)
            body = out.read_bytes() if out.exists() and method != "HEAD" else b""
            lines.append({"method": method, "path": path, "status": int(statuses[n]), "response": sha(body),
                          "request": sha(TEXT) if method == "POST" else NOTHING})
    return lines


def ask_node(port, asked, version):
    out = run("node", HERE / "peers.js", f"ask{version}", port, *(f"{method}:{path}" for method, path in asked))
    return [json.loads(line) for line in out.splitlines()]


def ask_h2(port, asked, _version):
    out = run(PYTHON, HERE / "h2_peers.py", "ask", port, *(f"{method}:{path}" for method, path in asked))
    return [json.loads(line) for line in out.splitlines()]


def ask_nghttp(port, asked, _version):
    """It asks for all of them on one connection, with priorities and a window of its own; it logs fields, no bodies. What
    it cannot decode (bare deflate) it resets."""
    paths = [path for method, path in asked if method == "GET" and not path.startswith("/raw/")]
    out = run("nghttp", "-n", "-v", *(f"http://127.0.0.1:{port}{path}" for path in dict.fromkeys(paths)))
    lines, stream = collections.defaultdict(dict), None
    for line in out.splitlines():
        if found := re.match(r"\[.*\] send HEADERS frame <.*stream_id=(\d+)>", line):
            stream = found[1]
        elif found := re.match(r"\s+:(method|path): (.*)", line):
            lines[stream][found[1]] = found[2]
        elif found := re.match(r"\[.*\] recv \(stream_id=(\d+)[^)]*\) :status: (\d+)", line):
            lines[found[1]]["status"] = int(found[2])
    return list(lines.values())


def ask_h2load(port, asked, _version):
    """Counts alone: many streams on several connections. Python answers slowly."""
    path, count = asked[1][1], 60 if asked is H2_ASKED else 600
    out = run("h2load", "-n", count, "-c", 4, "-m", 15, f"http://127.0.0.1:{port}{path}")
    assert f"{count} succeeded, 0 failed" in out and f"status codes: {count} 2xx" in out, out
    return [{"method": "GET", "path": path, "status": 200}] * count


def ask_python(port, asked, _version):
    connection, lines = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S), []
    for method, path in asked:
        body = TEXT if method == "POST" else b""
        connection.request(method, path, body or None, {"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        lines.append({"method": method, "path": path, "status": response.status, "request": sha(body),
                      "response": sha(response.read())})
    connection.close()
    return lines


SERVERS = {"node": (Node, ["node"], (1, 2)), "nginx": (Nginx, [NGINX], (1, 2)), "nghttpd": (Nghttpd, [NGHTTPD], (2,)),
           "h2": (PythonH2, ["h2"], (2,))}
CLIENTS = {"curl": (ask_curl, ["curl"], (1, 2)), "node": (ask_node, ["node"], (1, 2)),
           "nghttp": (ask_nghttp, ["nghttp"], (2,)), "h2load": (ask_h2load, ["h2load"], (2,)),
           "python": (ask_python, [], (1,)), "h2": (ask_h2, ["h2"], (2,))}


def bag(lines, members):
    """Lines with these members, sorted: streams end in any order."""
    return sorted(json.dumps({member: line[member] for member in members}) for line in lines)


def compare(who, theirs, ours):
    members = [member for member in ("method", "path", "request", "status", "response", "text") if member in theirs[0]]
    wanted, got = bag(theirs, members), bag(ours, members)
    if wanted != got:
        only = list((collections.Counter(wanted) - collections.Counter(got)).elements())
        extra = list((collections.Counter(got) - collections.Counter(wanted)).elements())
        return [f"{who}: {len(wanted)} of theirs, {len(got)} of ours; only theirs {only[:3]}; only ours {extra[:3]}"]
    return []


def check_files(ours):
    """What the file servers have is what the bodies come to."""
    content = {"/file": sha(TEXT), "/small": sha(b"small\n")}
    return [f"text of {line['path']} differs" for line in ours if line["method"] == "GET" and line["status"] == 200
            and line["text"] != content[line["path"].partition("?")[0]]]


def check_pair(client, server, version):
    ask, make = CLIENTS[client][0], SERVERS[server][0]
    with tempfile.TemporaryDirectory() as folder:
        running = make(folder, version)
        try:
            relay = Relay(running.port)
            asked = running.asked
            theirs = ask(relay.port, asked, version)
            connections = relay.finish()
            server_log = wait("whole log of the server", lambda: enough(running.log(), len(theirs)))
        finally:
            running.stop()
    failures, count = [], 0
    for name, ours in views(connections):
        count = len(ours)
        failures += compare(f"{name}: {client}'s log", theirs, ours)
        failures += compare(f"{name}: {server}'s log", server_log, ours)
        if running.asked is FILE_ASKED:
            failures += check_files(ours)
    return failures, count, len(connections)


def is_there(need):
    return importlib.util.find_spec("h2") if need == "h2" else shutil.which(need)


def enough(lines, count):
    return lines if len(lines) >= count and all("status" in line for line in lines) else None


def main():
    skipped = failed = 0
    for server, (_, server_needs, server_versions) in SERVERS.items():
        for client, (_, client_needs, client_versions) in CLIENTS.items():
            for version in sorted(set(server_versions) & set(client_versions)):
                pair = f"{client} and {server}, HTTP/{version}"
                if sys.argv[1:] and pair not in sys.argv[1:]:
                    continue
                if lacks := [need for need in server_needs + client_needs if not is_there(need)]:
                    print(f"{pair}: skipped, {lacks[0]} is not installed")
                    skipped += 1
                    continue
                failures, count, connections = check_pair(client, server, version)
                print(f"{pair}: {'FAILED' if failures else 'agree'}, {count} transactions on {connections} connections",
                      *failures, sep="\n  ", flush=True)
                failed += bool(failures)
    sys.exit(1 if failed else 77 if skipped else 0)


if __name__ == "__main__":
    main()
