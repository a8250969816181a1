# SPDX-License-Identifier: Apache-2.0
"""Rules of plugins in a configuration: what they keep, when they are decided, what is said of wrong ones."""
import json
import pathlib

import pytest
import qtap

REQUEST = b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"
RESPONSE = b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\nplain"
FEED = {"capture.source": "feed", "worker.threads": 0}


def config(*rules, macros="", level="none"):
    """http_capture with rules (expression, level)."""
    lines = "\n".join(f"            - {{ expr: '{expr}', level: {level} }}" for expr, level in rules)
    return f"""version: 2
{macros}
stacks:
  main:
    plugins:
      - type: http_capture
        config:
          level: {level}
          object_min_level: summary
          rules:
{lines}
tap: {{ http: {{ stack: main }} }}
"""


class Shelf:
    """A store of objects."""
    name = "shelf"

    def __init__(self):
        self.objects = []

    def put_object(self, obj):
        self.objects.append(json.loads(obj.data))


class BodyShelf(Shelf):
    """And of bodies: (message, bytes, whether the transaction was still in transfer)."""

    def __init__(self):
        super().__init__()
        self.bodies = []

    def put_body(self, chunk):
        self.bodies.append((chunk.message, chunk.bytes, not self.objects))


def session_of(yaml, shelf):
    session = qtap.Session(FEED, yaml=yaml)
    session.add_sink(shelf)
    return session


def connect(session, remote="8.8.8.8", port=443, exe="/usr/bin/curl"):
    return session.feed(1_000_000_000, pid=7, exe=exe, role="client", is_tls=True, local=("10.0.0.1", 4000),
                        remote=(remote, port))


def exchange(feed, host="api.example", path="/", status=200):
    feed.data("sent", REQUEST % (path.encode(), host.encode()))
    feed.data("received", RESPONSE % status, time_ns=1_002_000_000)


def kept(yaml, *exchanges):
    """[(path, what of it was kept)] of exchanges of (path, status), each on a connection of its own."""
    shelf = Shelf()
    with session_of(yaml, shelf) as session:
        for path, status in exchanges:
            feed = connect(session)
            exchange(feed, path=path, status=status)
            feed.close()
    found = []
    for one in shelf.objects:
        has_headers, has_body = "headers" in one["request"], one["response"].get("body") is not None
        found.append((one["request"]["url"].rpartition("api.example")[2],
                      "full" if has_body else "details" if has_headers else "summary"))
    return found


def test_the_first_rule_that_matches_says_how_much_is_kept():
    yaml = config(('http.req.pathname == "/healthz"', "none"), ("server_error()", "full"),
                  ('http.req.method == "GET"', "details"),
                  macros="rulekit: { macros: [{ name: server_error, expr: http.res.status >= 500 }] }")
    assert kept(yaml, ("/healthz", 500), ("/a", 503), ("/b", 200)) == [("/a", "full"), ("/b", "details")]


def test_what_no_rule_matches_is_kept_as_the_plugin_says():
    assert kept(config(("http.res.status >= 500", "none"), level="summary"), ("/a", 503), ("/b", 200)) == \
        [("/b", "summary")]


def test_a_rule_may_read_what_is_in_a_body():
    yaml = config(('http.res.body contains "plain"', "summary"))
    assert kept(yaml, ("/a", 200)) == [("/a", "summary")]


def test_a_rule_on_facts_of_the_connection():
    shelf = Shelf()
    yaml = config(('src.process.binary == "wget"', "none"), ("dst.ip in 8.8.0.0/16", "summary"))
    with session_of(yaml, shelf) as session:
        for path, remote, exe in (("/a", "8.8.8.8", "/usr/bin/curl"), ("/b", "9.9.9.9", "/usr/bin/curl"),
                                  ("/c", "8.8.8.8", "/usr/bin/wget")):
            feed = connect(session, remote=remote, exe=exe)
            exchange(feed, path=path)
            exchange(feed, path=path + "2")
            feed.close()
    assert [one["request"]["url"].rpartition("/")[2] for one in shelf.objects] == ["a", "a2"]


def test_a_body_passes_while_it_is_in_transfer_when_its_rule_is_decided():
    yaml = config(('http.req.method == "GET" and http.res.status >= 500', "full"),
                  ("http.res.body_bytes > 1000", "full"))
    shelf = BodyShelf()
    with session_of(yaml, shelf) as session:
        feed = connect(session)
        exchange(feed, status=503)
        assert [body for body in shelf.bodies if body[1]] == [("response", b"plain", True)]
        exchange(feed, status=200)  # undecided until its length is known, and then not kept
        feed.close()
    assert [body[1] for body in shelf.bodies if body[1]] == [b"plain"]
    assert len(shelf.objects) == 1


@pytest.mark.parametrize("yaml, error", [
    (config(("http.res.status ==", "full")),
     'QT147: config:11:23: error: stacks.main.plugins[0].config.rules[0]: column 19: expected a value after "=="'),
    (config(("http.res.staus == 1", "full")), 'did you mean "http.res.status"?'),
    (config(("nope()", "full")), 'unknown function "nope"'),
    (config(macros="rulekit: { macros: [{ name: a, expr: b() }, { name: b, expr: a() }] }"), "it calls itself"),
])
def test_a_wrong_rule_says_where_it_stands(yaml, error):
    with pytest.raises(qtap.QtapError) as raised:
        qtap.Session(FEED, yaml=yaml)
    assert error in str(raised.value)


def test_an_odd_rule_is_warned_of():
    lines = []
    yaml = config(('http.res.status == "500"', "full"))
    with qtap.Session(FEED, yaml=yaml, logger=lambda level, text: lines.append(text)) as session:
        connect(session).close()
    assert any("QT148: " in line and "rules[0]: " in line and "never true" in line for line in lines), lines


def test_evaluations_that_fail_are_counted_and_match_nothing():
    numbers = ",".join(map(str, range(4000)))
    yaml = config((f"[{numbers}] == [{numbers},-1] and http.res.status == 200", "full"), ("tls.enabled", "summary"))
    shelf = Shelf()
    with session_of(yaml, shelf) as session:
        feed = connect(session)
        exchange(feed)
        exchange(feed)
        feed.close()
        assert session.stats["rule_errors"] == 2
    assert len(shelf.objects) == 2


def test_the_configuration_of_the_documentation_does_what_it_says(capfd):
    text = (pathlib.Path(__file__).parents[3] / "docs" / "rules.md").read_text()
    yaml = text.partition("```yaml\n")[2].partition("```")[0]
    with qtap.Session(FEED, yaml=yaml) as session:
        for host, path, status, exe in ((b"api.partner.example", "/a", 200, "/usr/bin/curl"),
                                        (b"api.partner.example", "/healthz", 200, "/usr/bin/curl"),
                                        (b"other.example", "/b", 503, "/usr/sbin/sshd")):
            feed = connect(session, exe=exe)
            exchange(feed, host=host.decode(), path=path, status=status)
            feed.close()
    out = capfd.readouterr().out
    blocks = out.split("HTTP Transaction\n")[1:]
    assert len(blocks) == 2
    assert "/a" in blocks[0] and "plain" in blocks[0]  # full
    assert "/b" in blocks[1] and "plain" not in blocks[1] and ":method" in blocks[1]  # details
    logged = [line for line in out.splitlines() if line.startswith("■")]
    assert len(logged) == 2 and all("curl" in line for line in logged)


def test_all_wrong_rules_are_told_also_those_of_a_stack_that_is_not_used():
    yaml = config(("http.res.staus == 1", "full"), ("tls.enabled", "full"), ("a ==", "full")).replace(
        "tap:", "  other: { plugins: [{ type: access_logs, config: { rules: [{ expr: nope(), mode: full }] } }] }\ntap:")
    with pytest.raises(qtap.QtapError) as raised:
        qtap.Session(FEED, yaml=yaml)
    lines = str(raised.value).splitlines()
    assert len(lines) == 3 and all(line.startswith("QT147: config:") for line in lines), lines
    assert "rules[0]" in lines[0] and "rules[2]" in lines[1] and "stacks.other.plugins[0]" in lines[2]
