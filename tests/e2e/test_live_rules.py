# SPDX-License-Identifier: Apache-2.0
"""Rules of a configuration on real traffic: what they keep, and what the kernel is not asked for."""
import pytest
from harness import body_of, curl, objects_in
from http_server import pattern

pytestmark = pytest.mark.live

MIB = 1 << 20
CONFIG = """version: 2
services:
  event_stores: [{{ type: stdout }}]
  object_stores: [{{ type: file, dir: {objects} }}]
rulekit:
  macros: [{{ name: ours, expr: '{ours}' }}]
stacks:
  main:
    plugins:
      - type: http_capture
        config:
          rules:
            - {{ name: failures, expr: ours() and http.res.status >= 400, level: details }}
            - {{ name: downloads, expr: 'ours() and http.req.pathname matches /^.bytes./', level: full }}
tap: {{ direction: all, ignore_loopback: false, http: {{ stack: main }} }}
capture: {{ ring_bytes: 64mb, body_buffer: 32mb }}
"""


@pytest.fixture
def ruled(agent, tmp_path):
    """Starts an agent whose rules match on some connections only."""
    def start(ours):
        running = tmp_path / "qtap.yaml"
        running.write_text(CONFIG.format(objects=tmp_path / "stored", ours=ours))
        return agent("--config", running, objects=None, as_json=False), tmp_path / "stored"
    return start


def test_rules_keep_what_they_match_and_spare_the_connections_they_cannot(servers, ruled):
    """The server's end of a download: its process decides all rules, so that the kernel counts it and copies nothing."""
    server = servers["python"]
    running, stored = ruled(f'src.process.binary == "curl" and dst.port == {server.port}')
    for path in ("/hello", f"/bytes/{10 * MIB}"):
        curl(server.url(path), "-o", "/dev/null", cert=server.cert)

    def closed():
        return sum(event["finalized"] and server.port in [event[end]["address"]["port"] for end in ("source", "destination")]
                   for event in running.events("connection")) >= 4
    running.wait_for("last reports of both ends of two connections", closed)
    assert running.stop() == 0, running.err
    (large,) = objects_in(stored)
    assert large["request"]["url"] == server.url(f"/bytes/{10 * MIB}")
    assert body_of(large["response"]) == pattern(10 * MIB)
    ledger = running.ledger()
    assert ledger["transactions"] == 2, running.err  # of all that this machine does meanwhile
    assert ledger["lost"] == 0 and ledger["rule errors"] == 0, running.err
    assert ledger["not read"] > 9 * MIB, running.err
    assert ledger["delivered"] < 12 * MIB, running.err  # the client's end, and what was under way
