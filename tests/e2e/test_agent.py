# SPDX-License-Identifier: Apache-2.0
"""qtap-mini as a person uses it: lines on the screen, signals, the default configuration."""
import json
import os
import re
import signal
import subprocess

import pytest
from harness import QTAP_MINI, ROOT, Process, curl, ledger_of, qtap_mini


def start(*flags, **more):
    process = Process([QTAP_MINI, *flags], **more)
    process.wait_for_line(process.err, "^ready: ")
    return process


def test_help_and_version():
    result = qtap_mini("--help")
    assert result.returncode == 0 and not result.stderr
    for flag in ("--all", "-v", "--json", "--objects", "--record", "--replay", "--config", "--set"):
        assert flag in result.stdout
    assert re.fullmatch(r"qtap-mini \d+\.\d+\.\d+\n", qtap_mini("--version").stdout)


def test_a_line_for_each_transaction(recording):
    result = qtap_mini("--replay", recording)
    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.splitlines()
    assert "shop → POST https://shop.example/orders?dry=1 201" in line
    assert "\x1b" not in line  # no terminal, no colour
    assert ledger_of(result.stderr.splitlines())["transactions"] == 1


def test_v_shows_headers_and_vv_bodies(recording):
    details = qtap_mini("--replay", recording, "-v").stdout
    full = qtap_mini("--replay", recording, "-vv").stdout
    for text in (details, full):
        assert "application/json" in text
    assert '{"item": 7}' not in details
    assert '{"item": 7}' in full and '{"id":1}' in full


def test_json_lines_keep_to_stdout_and_logs_to_stderr(recording):
    result = qtap_mini("--replay", recording, "--json", "--log-level", "error")
    kinds = [json.loads(line)["eventType"] for line in result.stdout.splitlines()]
    assert "request" in kinds and "connection" in kinds
    assert "warn:" not in result.stderr and "info:" not in result.stderr


def test_colour_on_a_terminal_and_none_with_no_color(recording):
    def on_terminal(**more):
        main, terminal = os.openpty()
        result = qtap_mini("--replay", recording, stdout=terminal, **more)
        os.close(terminal)
        assert result.returncode == 0, result.stderr
        text = os.read(main, 65536).decode()
        os.close(main)
        return text

    assert "\x1b[" in on_terminal(env={"TERM": "xterm"})
    assert "\x1b[" not in on_terminal(env={"TERM": "xterm", "NO_COLOR": "1"})


@pytest.mark.live
def test_all_shows_both_ends_of_a_loopback_request(servers):
    server = servers["python"]
    with start("--all") as process:
        curl(server.url("/shown"), cert=server.cert)
        url = re.escape(server.url("/shown"))
        process.wait_for_line(process.out, rf"curl → GET {url} 200 OK")
        process.wait_for_line(process.out, rf"← GET {url} 200 OK")


@pytest.mark.live
def test_without_all_loopback_is_left_alone(servers):
    server = servers["python"]
    with start() as process:
        curl(server.url("/hidden"), cert=server.cert)
        assert process.stop() == 0
        assert not [line for line in process.out if "/hidden" in line]


@pytest.mark.live
@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_drains_flushes_and_prints_the_ledger(which, servers):
    server = servers["python"]
    with start("--all", "--json") as process:
        # Stopped right after the request: what the kernel has handed over is still delivered.
        curl(server.url("/last"), cert=server.cert)
        assert process.stop(which) == 0
    events = [json.loads(line) for line in process.out]
    last = [event for event in events if event["eventType"] == "request" and event["path"] == "/last"]
    assert "egress-internal" in [event["direction"] for event in last]
    ours = {event["connectionId"] for event in last}
    finalized = {event["meta"]["connectionId"] for event in events
                 if event["eventType"] == "connection" and event["finalized"]}
    assert ours <= finalized  # the final report of each connection
    ledger = ledger_of(process.err)
    assert ledger["transactions"] >= 1
    assert ledger["seen"] == ledger["delivered"] + ledger["lost"]
    assert ledger["lost"] == sum(ledger[cause] for cause in (
        "a full ring", "faults", "the call limit", "no buffer", "other causes"))


@pytest.mark.live
def test_a_connection_that_outlives_the_capture_has_a_last_report_and_no_end(servers):
    server = servers["python"]
    client = ["/usr/bin/python3", ROOT / "tests" / "bpf" / "workloads" / "keep_alive.py", server.port, "tls"]
    with start("--all", "--json") as process, Process(client, stdin=subprocess.PIPE) as kept:
        kept.wait_for_line(kept.out, "^connected$")
        kept.write_stdin("/kept\n")
        kept.wait_for_line(kept.out, "^done$")
        assert process.stop() == 0
        pid = kept.pid
    events = [json.loads(line) for line in process.out]
    (ours,) = [event for event in events
               if event["eventType"] == "connection" and event["finalized"] and event["source"].get("pid") == pid]
    assert "closedAt" not in ours
    assert ours["tlsState"] == "decrypted" and ours["bytesReceived"] > 0


@pytest.mark.live
def test_ready_says_what_is_attached():
    with start() as process:
        line = next(line for line in process.err if line.startswith("ready: "))
        assert "libssl" in line


@pytest.mark.live
def test_a_signal_during_the_start_ends_it_cleanly():
    with Process([QTAP_MINI, "--all"]) as process:
        process.wait_for_line(process.err, "default config")  # the first line; probes are not attached yet
        assert process.stop() in (0, -signal.SIGTERM)


@pytest.mark.live
def test_two_agents_do_not_disturb_each_other(servers):
    server = servers["s_server"]
    with start("--all") as one, start("--all") as other:
        curl(server.url("/twice"), cert=server.cert)
        for process in (one, other):
            process.wait_for_line(process.out, "curl → GET .*/twice 200")
        assert one.stop() == 0
        curl(server.url("/once"), cert=server.cert)
        other.wait_for_line(other.out, "curl → GET .*/once 200")


def test_the_binary_uses_public_symbols_only():
    needed = subprocess.run(["nm", "-D", "--undefined-only", QTAP_MINI], check=True, capture_output=True,
                            text=True).stdout
    names = [line.split()[-1].partition("@")[0] for line in needed.splitlines()]
    assert [name for name in names if name.startswith("qtap_")]
    assert not [name for name in names if "4qtap" in name]  # mangled C++ names of libqtap
