# SPDX-License-Identifier: Apache-2.0
"""The examples do what they say, run as a reader would run them."""
import os
import re
import subprocess

import pytest
from harness import BUILD, DEADLINE_S, ENVIRONMENT, HERE, PYTHON, ROOT, Process, curl

EXAMPLES = BUILD / "examples"


def run(*argv, code=0, **more):
    more.setdefault("timeout", DEADLINE_S)
    result = subprocess.run(list(map(str, argv)), capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
    assert result.returncode == code, (result.stdout, result.stderr)
    return result.stdout + result.stderr


def test_feed():
    out = run(EXAMPLES / "feed")
    assert "POST https://shop.example/orders?dry=1 -> 201" in out
    assert "  Host: shop.example" in out
    assert '  answer: {"id":1}' in out


def test_embed_epoll_with_a_recording(recording):
    out = run(EXAMPLES / "embed_epoll", recording)
    assert '"eventType":"request"' in out
    assert "1 transactions, 0 bytes lost" in out


@pytest.mark.live
def test_embed_epoll_live(servers):
    server = servers["python"]
    with Process([EXAMPLES / "embed_epoll"]) as process:
        process.wait_for_line(process.err, "^watching$")
        curl(server.url("/embedded"), cert=server.cert)
        process.wait_for_line(process.out, '"path":"/embedded"')
        assert process.stop() == 0


def test_sink_plugin(tmp_path):
    out = run(EXAMPLES / "sink_plugin", tmp_path / "objects")
    assert re.search(r"closed after \d+ events and 1 objects", out)
    assert '"url":"single-file:' in out
    assert '"status":200' in (tmp_path / "objects").read_text(encoding="utf-8")


def test_rules():
    rules = EXAMPLES / "rules"
    rule = "http.res.status >= 500 and src.ip in 10.0.0.0/8"
    assert "matches" in run(rules, rule, "http.res.status=503", "src.ip=10.1.2.3")
    assert "does not match" in run(rules, rule, "http.res.status=503", "src.ip=192.0.2.1", code=1)
    assert "missing: src.ip" in run(rules, rule, "http.res.status=503", code=1)
    assert "column" in run(rules, "http.res.status >=", code=2)


@pytest.mark.live
def test_messages_py_prints_the_messages_of_another_program():
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT / "bindings" / "python"), "QTAP_BUILD_DIR": str(BUILD)}
    with Process([PYTHON, HERE / "servers" / "sse_server.py"], stdin=subprocess.PIPE) as server, \
            Process([PYTHON, ROOT / "examples" / "messages.py"], env=environment) as process:
        port = server.wait_for_line(server.out, r"^port (\d+)$").group(1)
        process.wait_for_line(process.err, "^watching")
        server.write_stdin("next\n" * 5)
        curl(f"http://localhost:{port}/plain")
        process.wait_for_line(process.out, rf"^sse ← http://localhost:{port}/plain add #1 9 bytes 'two..?lines'")
        process.wait_for_line(process.out, rf"^sse ← http://localhost:{port}/plain done #4 4 bytes 'last'")


@pytest.mark.live
def test_watch_py_prints_the_transactions_of_another_program(servers):
    server = servers["python"]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT / "bindings" / "python"), "PYTHONUNBUFFERED": "1"}
    with Process([PYTHON, ROOT / "examples" / "watch.py", "--count", "2"], env=environment) as process:
        process.wait_for_line(process.err, "^watching")
        curl(server.url("/"), "--request-target", "/watched\u009b2J", cert=server.cert)
        assert process.wait() == 0
    lines = [line for line in process.out if "/watched" in line]
    assert len(lines) == 2
    assert all(r"/watched\x9b2J" in line and line.isprintable() for line in lines)
    assert any(line.startswith("curl") and " → GET https://localhost" in line for line in lines)


@pytest.mark.live
@pytest.mark.skipif(BUILD != ROOT / "build", reason="quickstart.sh builds in build/, these tests run elsewhere")
def test_quickstart():
    out = run(ROOT / "examples" / "quickstart.sh", timeout=600)
    assert re.search(r"curl → GET https://localhost:\d+/quickstart 200", out)
    assert "ready: " in out
    pids = [int(pid) for pid in re.findall(r"\(pid (\d+)\)", out)]
    assert pids and not any(os.path.exists(f"/proc/{pid}") for pid in pids)  # it stops what it starts
