# SPDX-License-Identifier: Apache-2.0
"""Connections that are older than the capturer, also since it was killed and started again."""
import signal
import subprocess

import pytest
from harness import HERE, PYTHON, Agent, Process

CONNECTIONS = 120


@pytest.fixture
def keep_alive(servers):
    """A function that starts a client with connections that stay open."""
    started = []

    def start(count=CONNECTIONS, program="keep_alive.py"):
        server = servers["python"]
        client = Process([PYTHON, HERE / "clients" / program, server.port, server.cert, count],
                         stdin=subprocess.PIPE)
        started.append(client)
        client.ports = [int(port) for port in client.wait_for_line(client.out, r"^\d+( \d+)*$").group().split()]
        return client

    yield start
    for one in started:
        one.stop()


def ask(client, word):
    client.write_stdin(word + "\n")
    client.wait_for_line(client.out, f"^done {word}$")


def end_of(event, pid):
    """The endpoint of the process, or None."""
    return next((event[side] for side in ("source", "destination") if event[side].get("pid") == pid), None)


def ends(agent, pid):
    """connectionId -> endpoint of the process, of its connections."""
    found = {event["meta"]["connectionId"]: end_of(event, pid) for event in agent.events("connection")}
    return {connection: end for connection, end in found.items() if end}


def seen(agent, pid, word):
    """N -> request events of GET /WORD/N at that process."""
    found, mine = {}, ends(agent, pid)
    for event in agent.events("request"):
        _, kind, number = (event["path"] + "//").split("/")[:3]
        if kind == word and event["connectionId"] in mine:
            found.setdefault(int(number), []).append(event)
    return found


def check_round(agent, client, word):
    """Each request of the round once, whole, and on its own connection."""
    agent.wait_for(f"requests of {word}", lambda: len(seen(agent, client.pid, word)) == CONNECTIONS)
    mine = ends(agent, client.pid)
    for number, events in seen(agent, client.pid, word).items():
        (event,) = events
        assert event["status"] == 200 and not event.get("truncated")
        assert mine[event["connectionId"]]["address"]["port"] == client.ports[number]


@pytest.mark.live
def test_connections_that_were_open_before(agent, keep_alive, servers):
    client, server = keep_alive(), servers["python"]
    one = agent()

    def idle():
        reports = [event for event in one.events("connection")]
        ports = {end["address"]["port"] for event in reports if (end := end_of(event, client.pid))}
        return ports >= set(client.ports)

    one.wait_for("a report of each idle connection", idle)
    ask(client, "one")
    ask(client, "two")
    check_round(one, client, "one")
    check_round(one, client, "two")
    # The server waits in SSL_read already: its first request was lost with that call, the second is there.
    check = lambda: len(seen(one, server.pid, "two")) == CONNECTIONS  # noqa: E731
    one.wait_for("the second round at the server", check)
    print("server, first round:", len(seen(one, server.pid, "one")), "of", CONNECTIONS)
    client.close_stdin()
    assert client.wait() == 0
    assert one.stop() == 0, one.err
    finals = [event for event in one.events("connection") if event["finalized"]]
    for pid in (client.pid, server.pid):
        mine = [event for event in finals if (end := end_of(event, pid)) and
                (set(client.ports) & {event["source"]["address"]["port"], event["destination"]["address"]["port"]})]
        assert len(mine) == CONNECTIONS  # none twice
        assert all(event["joinedLate"] and event["tlsState"] == "decrypted" for event in mine)
        ports = sorted(event["source"]["address"]["port"] for event in mine)
        assert ports == sorted(client.ports)  # the client is the source at both ends


@pytest.mark.live
def test_memory_bios_that_were_open_before(agent, keep_alive):
    client = keep_alive(program="keep_alive_asyncio.py")
    one = agent()
    for word in ("one", "two"):
        ask(client, word)
        check_round(one, client, word)


@pytest.mark.live
def test_killed_and_started_again_under_load(keep_alive, servers):
    client, load = keep_alive(), keep_alive(20)
    load.write_stdin("forever\n")
    for start in range(4):
        one = Agent()
        try:
            word = f"start{start}"
            ask(client, word)
            check_round(one, client, word)
            mine = ends(one, load.pid)
            for event in one.events("request"):
                if end := mine.get(event["connectionId"]):
                    number = int(event["path"].rsplit("/", 1)[1])
                    assert end["address"]["port"] == load.ports[number]
                    assert event["status"] == 200 or event.get("truncated")
        except BaseException:
            one.stop()
            raise
        if start < 3:
            one.stop(signal.SIGKILL)
    assert one.stop() == 0, one.err
    ledger = one.ledger()
    assert ledger["seen"] == ledger["delivered"] + ledger["lost"], one.err
    assert ledger["corrupt"] == 0 and ledger["parse errors"] == 0, one.err
    late = [event for event in one.events("connection") if end_of(event, load.pid)]
    assert late and all(event["joinedLate"] for event in late)
    load.write_stdin("stop\n")
    load.close_stdin()
    assert load.wait() == 0
