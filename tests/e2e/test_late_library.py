# SPDX-License-Identifier: Apache-2.0
"""TLS that was over before its library had probes: the agent says that it came late, not that nothing was there."""
import os
import shutil
import signal
import subprocess

import pytest
from harness import ENVIRONMENT, HERE, PYTHON, Process

pytestmark = pytest.mark.live

LIBSSL = "/usr/lib/x86_64-linux-gnu/libssl.so.3"


@pytest.mark.parametrize("looked_at", ["while it runs", "when it is gone", "when its library is known"])
def test_a_connection_that_ended_before_its_library_had_probes(agent, servers, tmp_path, looked_at):
    """The agent is stopped meanwhile: whatever attaching takes, it is over by then."""
    shutil.copy(LIBSSL, tmp_path)
    server = servers["python"]
    argv = [PYTHON, HERE / "clients" / "get_and_wait.py", server.url("/e2e/late"), server.cert]
    environment = {**ENVIRONMENT, "LD_LIBRARY_PATH": str(tmp_path)}

    def start():
        client = Process(argv, stdin=subprocess.PIPE, env=environment)
        client.wait_for_line(client.out, "^done$")
        return client

    def end(client):
        client.close_stdin()
        assert client.wait() == 0, client.err

    def connection_of(pid):
        events = [event for event in one.events("connection")
                  if event["finalized"] and event["source"].get("pid") == pid]
        return events[0] if events else None

    one = agent()
    if looked_at == "when its library is known":
        end(start())
        one.wait_for_line(one.err, f"attached openssl: {tmp_path}")
    os.kill(one.pid, signal.SIGSTOP)
    try:
        client = start()
        if looked_at != "while it runs":
            end(client)
    finally:
        os.kill(one.pid, signal.SIGCONT)
    event = one.wait_for("connection of the client", lambda: connection_of(client.pid))
    if looked_at == "while it runs":
        end(client)
    assert event["tls"]["sni"] == "localhost"
    assert event["tlsState"] == ("decrypted" if looked_at == "when its library is known" else "joined_late")
