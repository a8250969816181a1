# SPDX-License-Identifier: Apache-2.0
"""What is not HTTP, by name: real servers where Debian has a small one, else the bytes that one sends; DNS and its names;
datagrams."""
import os
import re
import shutil
import socket
import subprocess
import time

import pytest
from harness import DEADLINE_S, HERE, NOBODY, PYTHON, Process, run_client
from listeners import free_port, nginx

pytestmark = pytest.mark.live

EXCHANGE = [PYTHON, HERE / "clients" / "exchange.py"]
RESOLVER_IP = "127.0.53.7"  # any of 127/8 is ours; what runs on this machine uses others
STARTUP = b"\0\0\0\x15\0\3\0\0user\0nobody\0\0"


def program(*names):
    """The path of a program, or a skip that says which one is missing."""
    path = "/usr/sbin:/usr/bin:/usr/lib/postgresql/15/bin:/usr/lib/postgresql/17/bin"
    found = next((where for name in names if (where := shutil.which(name, path=path))), None)
    return found or pytest.skip(f"{names[0]} is not installed")


def wait_for_port(process, port):
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process._process.poll() is None and time.monotonic() < end, (process.out, process.err)
            time.sleep(0.05)


def wait_for_udp_port(process, port):
    end = time.monotonic() + DEADLINE_S
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return
        assert process._process.poll() is None and time.monotonic() < end, (process.out, process.err)
        time.sleep(0.05)


def redis(_):
    port = free_port()
    return Process([program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", ""]), port


def nats(_):
    port = free_port()
    return Process([program("nats-server"), "-a", "127.0.0.1", "-p", port]), port


def sshd(folder):
    port = free_port()
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    return Process([program("sshd"), "-D", "-e", "-f", "/dev/null", "-h", folder / "key", "-o", f"Port={port}",
                    "-o", "ListenAddress=127.0.0.1", "-o", "UsePAM=no", "-o", "PidFile=none"]), port


def owned_by_nobody(folder):
    data = folder / "data"
    data.mkdir()
    for one in (data, folder, *list(folder.parents)[:-2]):  # reachable for somebody else, down from /tmp
        if one.stat().st_uid == 0 and one != folder.parents[-1]:
            one.chmod(one.stat().st_mode | 0o055)
    shutil.chown(data, 65534, 65534)
    return data


def postgresql(folder):
    port, data = free_port(), owned_by_nobody(folder)
    subprocess.run([*NOBODY, program("initdb"), "-D", data / "db", "-A", "trust", "--no-sync", "-U", "nobody"], check=True,
                   capture_output=True, cwd=data, timeout=DEADLINE_S)
    return Process([*NOBODY, program("postgres"), "-D", data / "db", "-h", "127.0.0.1", "-p", port, "-k", data, "-F"],
                   cwd=data), port


def mariadb(folder):
    port, data = free_port(), owned_by_nobody(folder)
    # Without tables of users it greets all the same.
    return Process([*NOBODY, program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}",
                    "--bind-address=127.0.0.1", f"--socket={data}/s", "--skip-grant-tables", f"--pid-file={data}/pid"],
                   cwd=data), port


SERVERS = {
    "redis": (redis, [b"*1\r\n$4\r\nPING\r\n", "-"]),
    "nats": (nats, ["-", b'CONNECT {"verbose":false}\r\nPING\r\n', "-"]),
    "ssh": (sshd, [b"SSH-2.0-test\r\n", "-"]),
    "postgresql": (postgresql, [STARTUP, "-"]),
    "mysql": (mariadb, ["-"]),
}

# What servers that Debian lacks, or has only with a large runtime, exchange with their clients.
KAFKA = bytes.fromhex("00000015 0012 0000 00000007 000b") + b"console-c-1"
MONGO = bytes.fromhex("2f000000 2b000000 00000000 dd070000 00000000 00 1a000000 10") + b"ping\0" + \
    bytes.fromhex("01000000 02") + b"$db\0" + bytes.fromhex("02000000 6100 00")
SCRIPTS = {
    "kafka": (KAFKA, bytes.fromhex("00000010 00000007 0000 00000001 0012 0000 0003")),
    "mongodb": (MONGO, bytes.fromhex("26000000 09010000 2b000000 dd070000 00000000 00 11000000 01") + b"ok\0" +
                bytes.fromhex("000000000000f03f 00")),
    "amqp": (b"AMQP\0\0\x09\x01", bytes.fromhex("01 0000 00000008 000a000a 00000000 ce")),
}


def steps(*script):
    return [step if step == "-" else step.hex() for step in script]


def words(running, port, count):
    """The protocols of the connections of a port, once so many have ended. A server may still hold the one that asked
    whether it runs: that is older than the agent."""

    def found():
        ended = [event for event in running.events("connection")
                 if event["finalized"] and not event.get("joinedLate")
                 and event["destination"].get("address", {}).get("port") == port]
        return ended if len(ended) >= count else None

    return [event["l7Protocol"] for event in running.wait_for(f"{count} connections of port {port}", found)]


@pytest.mark.parametrize("word", SERVERS)
def test_server(word, agent, tmp_path):
    start, script = SERVERS[word]
    process, port = start(tmp_path)
    with process:
        wait_for_port(process, port)
        running = agent()
        # Both speak first, or wait for the other; the server ends when we do.
        run_client([*EXCHANGE, "connect", "127.0.0.1", port, *steps(*script)])
        assert words(running, port, 2) == [word, word]


@pytest.mark.parametrize("word", SCRIPTS)
def test_exchange(word, agent):
    request, response = SCRIPTS[word]
    with Process([*EXCHANGE, "listen", *steps("-", response)]) as server:
        port = int(server.wait_for_line(server.out, r"^port (\d+)$").group(1))
        running = agent()
        run_client([*EXCHANGE, "connect", "127.0.0.1", port, *steps(request, "-")])
        assert words(running, port, 2) == [word, word]


def test_no_false_hits_on_10000_http_connections(agent, tmp_path):
    process, server = nginx(tmp_path, None)
    with process:
        running = agent("--set", "tap.http.stack=none")
        run_client([PYTHON, HERE / "clients" / "many_connections.py", server.port, 10000])
        assert set(words(running, server.port, 20000)) == {"http1"}


@pytest.fixture
def resolver():
    with Process([PYTHON, HERE / "servers" / "resolver.py", RESOLVER_IP, "api.qtap.test", "127.0.0.1"]) as process:
        process.wait_for_line(process.out, "^ready$")
        yield process


def with_resolver(folder, *argv):
    """Runs a program whose /etc/resolv.conf names our resolver."""
    (folder / "resolv.conf").write_text(f"nameserver {RESOLVER_IP}\noptions timeout:30\n")
    script = f'mount --bind "{folder}/resolv.conf" /etc/resolv.conf && exec "$@"'
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("unshare: no mount namespace of our own here")
    return run_client(["unshare", "-m", "sh", "-c", script, "sh", *argv])


@pytest.mark.parametrize("audit", [True, False], ids=["audited", "usual"])
def test_the_name_that_dns_gave(audit, agent, resolver, tmp_path):
    with Process([*EXCHANGE, "listen", *steps("-", b"\1ok")]) as server:
        port = int(server.wait_for_line(server.out, r"^port (\d+)$").group(1))
        running = agent(*(["--set", "tap.audit_include_dns=true"] if audit else []))
        with_resolver(tmp_path, *EXCHANGE, "connect", "api.qtap.test", port, *steps(b"\1hello", "-"))
        words(running, port, 2)
        assert running.stop() == 0
    connections = [event for event in running.events("connection") if event["finalized"]]
    ours = [event for event in connections if event["destination"].get("address", {}).get("port") == port
            and event["direction"] == "egress-internal"]
    assert [event["meta"]["endpointId"] for event in ours] == ["api.qtap.test"]
    asked = [event for event in connections if event["l7Protocol"] == "dns"
             and event["destination"].get("address", {}).get("ip") == RESOLVER_IP]
    assert {event["socketProtocol"] for event in asked} == ({"udp"} if audit else set())
    if audit:
        assert all(event["bytesSent"] > 0 and event["bytesReceived"] > 0 for event in asked)
        assert all(event["destination"]["address"]["port"] == 53 for event in asked)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_dig(transport, agent, resolver):
    dig = program("dig")
    running = agent("--set", "tap.audit_include_dns=true")
    pid, out = run_client([dig, f"@{RESOLVER_IP}", "+short", "+tcp" if transport == "tcp" else "+notcp", "+noedns",
                           "api.qtap.test"])
    assert out.split() == [b"alias.api.qtap.test.", b"127.0.0.1"]
    assert running.stop() == 0
    asked = [event for event in running.events("connection") if event["finalized"]
             and event.get("source", {}).get("pid") == pid]
    assert [(event["socketProtocol"], event["l7Protocol"]) for event in asked] == [(transport, "dns")]


def test_quic_is_seen_and_named(agent):
    running = agent()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        pid, _ = run_client([PYTHON, HERE / "clients" / "datagrams.py", "quic", receiver.getsockname()[1]])
    assert running.stop() == 0
    seen = [event for event in running.events("connection") if event["source"].get("pid") == pid and event["finalized"]]
    assert [(event["socketProtocol"], event["l7Protocol"], event["bytesSent"]) for event in seen] == [("udp", "http3", 1200)]


def datagrams_of(process):
    """(bytes sent, bytes received) of ngtcp2's own log."""
    lines = [re.match(r"(Sent|Received) packet: .* (\d+) bytes$", line) for line in process.out]
    return tuple(sum(int(line[2]) for line in lines if line and line[1] == word) for word in ("Sent", "Received"))


@pytest.mark.parametrize("more", [[], ["--validate-addr"]], ids=["at once", "retry"])
def test_quic_between_real_peers(more, agent, tmp_path):
    gtlsclient, gtlsserver = program("gtlsclient"), program("gtlsserver")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    tmp_path / "key", "-out", tmp_path / "cert", "-subj", "/CN=localhost"], check=True, capture_output=True)
    (tmp_path / "file").write_bytes(b"x" * 100000)
    port, quiet = free_port(), ["--no-quic-dump", "--no-http-dump"]
    with Process([gtlsserver, *quiet, *more, "-d", tmp_path, "127.0.0.1", port, tmp_path / "key", tmp_path / "cert"],
                 merge_stderr=True) as server:
        wait_for_udp_port(server, port)
        running = agent()
        with Process([gtlsclient, *quiet, "--exit-on-all-streams-close", "127.0.0.1", port, "https://localhost/file"],
                     merge_stderr=True) as client:
            assert client.wait() == 0, client.out[-20:]
        # It has read what the client said at last: that it goes.
        server.wait_for("the end of the connection", lambda: datagrams_of(server)[1] == datagrams_of(client)[0])
        assert running.stop() == 0
    assert datagrams_of(client)[1] > 100000 and "Negotiated ALPN is h3" in client.out
    for process in (client, server):
        seen = [event for event in running.events("connection")
                if process.pid in (event["source"].get("pid"), event["destination"].get("pid")) and event["finalized"]]
        assert [(event["socketProtocol"], event["l7Protocol"], event["bytesSent"], event["bytesReceived"]) for event in seen] == \
            [("udp", "http3", *datagrams_of(process))]


def test_one_connection_for_each_peer_of_a_udp_socket(agent):
    running = agent()
    pid, _ = run_client([PYTHON, HERE / "clients" / "datagrams.py", "peers", 40000, 100])
    assert running.stop() == 0
    seen = [event for event in running.events("connection") if event["source"].get("pid") == pid and event["finalized"]]
    assert len(seen) == 100
    assert {event["destination"]["address"]["port"]: event["bytesSent"] for event in seen} == \
        {40000 + i: 2 * (i + 1) for i in range(100)}
    assert {event["lostBytes"] if "lostBytes" in event else 0 for event in seen} == {0}
