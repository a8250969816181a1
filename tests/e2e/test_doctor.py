# SPDX-License-Identifier: Apache-2.0
"""qtap-mini doctor: which process speaks TLS, how much of it was read, and why not the rest."""
import itertools
import json
import os
import re
import subprocess
import time

import pytest
from harness import NOBODY, QTAP_MINI, ROOT, Process, curl, qtap_mini, run_as, run_client

paths = (f"/doctor/{n}" for n in itertools.count())


def start(*flags, seconds=3600, **more):
    process = Process([QTAP_MINI, "doctor", "--seconds", seconds, *flags], **more)
    process.wait_for_line(process.err, "^ready: ")
    return process


def curl_and_wget(servers):
    """Real clients; returns the pids of curl (OpenSSL), wget (GnuTLS) and curl without TLS."""
    tls, plain = servers["python"], servers["python-plain"]
    decrypted = curl(tls.url(next(paths)), cert=tls.cert)[0]
    unread = run_client(["/usr/bin/wget", "-q", "-O", "-", "--no-proxy", f"--ca-certificate={tls.cert}",
                         tls.url(next(paths))])[0]
    return decrypted, unread, curl(plain.url(next(paths)))[0]


@pytest.mark.live
def test_json_has_each_process_with_its_states_and_the_share(servers):
    with start("--json") as process:
        decrypted, unread, plain = curl_and_wget(servers)
        assert process.stop() == 0, process.err
    found = json.loads(process.out[0])
    states = {one["pid"]: {state["tlsState"]: state for state in one["states"]} for one in found["processes"]}
    assert list(states[decrypted]) == ["decrypted"] and list(states[unread]) == ["no_library"]
    assert plain not in states and servers["python-plain"].pid not in states
    assert next(one["exe"] for one in found["processes"] if one["pid"] == unread) == "/usr/bin/wget"
    wget = states[unread]["no_library"]
    assert wget["connections"] == 1 and wget["bytes"] > 1000
    assert "GnuTLS" in wget["reason"] and wget["remedy"]
    assert states[servers["python"].pid]["decrypted"]["connections"] == 2  # the other end of both
    assert any("libssl" in line for line in found["attached"])

    sums = {state: sum(one[state]["bytes"] for one in states.values() if state in one)
            for state in {name for one in states.values() for name in one}}
    assert found["tlsBytesDecrypted"] == sums["decrypted"]
    assert found["tlsBytesTotal"] == sum(sums.values()) > sums["decrypted"]


@pytest.mark.live
def test_lines_for_a_person(servers):
    with start() as process:
        decrypted, unread, plain = curl_and_wget(servers)
        assert process.stop() == 0, process.err
    lines = process.out
    assert lines[0].startswith("attached: ") and any("libssl" in line for line in lines)
    assert re.match(r"  decrypted: 1 connection, \d+ bytes; plain text was read$",
                    lines[lines.index(f"pid {decrypted} /usr/bin/curl") + 1])
    assert re.match(r"  no_library: 1 connection, \d+ bytes; .*GnuTLS.*; remedy: ",
                    lines[lines.index(f"pid {unread} /usr/bin/wget") + 1])
    assert not any(line.startswith(f"pid {plain} ") for line in lines)
    decrypted_bytes, total = map(int, re.match(r"TLS: decrypted (\d+) of (\d+) bytes \(\d+ %\)$", lines[-1]).groups())
    assert 0 < decrypted_bytes < total


@pytest.mark.live
def test_without_probes_it_says_so(servers):
    server = servers["python"]
    with start("--json", env={"PATH": "/usr/bin:/bin", "TLS_PROBES": "none"}) as process:
        pid = curl(server.url(next(paths)), cert=server.cert)[0]
        assert process.stop() == 0, process.err
    found = json.loads(process.out[0])
    (state,) = next(one["states"] for one in found["processes"] if one["pid"] == pid)
    assert state["tlsState"] == "not_probed" and "TLS_PROBES" in state["remedy"]
    assert found["tlsBytesDecrypted"] == 0 < found["tlsBytesTotal"]


@pytest.mark.live
def test_a_connection_that_stays_open_counts_once(servers):
    """Three seconds are enough for reports of it in between (events.connection_first)."""
    client = ["/usr/bin/python3", ROOT / "tests" / "bpf" / "workloads" / "keep_alive.py", servers["python"].port, "tls"]
    with start("--json", seconds=3) as process, Process(client, stdin=subprocess.PIPE) as kept:
        kept.wait_for_line(kept.out, "^connected$")
        kept.write_stdin("/kept\n")
        kept.wait_for_line(kept.out, "^done$")
        assert process.wait() == 0, process.err
        pid = kept.pid
    (state,) = next(one["states"] for one in json.loads(process.out[0])["processes"] if one["pid"] == pid)
    assert state["tlsState"] == "decrypted" and state["connections"] == 1


@pytest.mark.live
def test_it_ends_by_itself():
    result = qtap_mini("doctor", "--seconds", 1)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].startswith("TLS: decrypted ")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.live
def test_what_cannot_capture_says_why_in_one_line(public_copy):
    result = run_as(NOBODY, public_copy, "doctor", "--seconds", "1")
    assert result.returncode == 1 and not result.stdout
    (line,) = result.stderr.splitlines()
    assert re.match(r"qtap-mini: error: QT\d{3}: .*CAP_BPF", line)


@pytest.mark.parametrize("flags", [["--seconds", "0"], ["--seconds", "1x"], ["--seconds", "86401"], ["--seconds"],
                                   ["--all"], ["now"]], ids=" ".join)
def test_wrong_usage_is_one_line(flags):
    result = qtap_mini("doctor", *flags)
    assert result.returncode == 2 and not result.stdout
    assert len(result.stderr.splitlines()) == 1 and result.stderr.startswith("qtap-mini: error: ")


def test_help():
    result = qtap_mini("doctor", "--help")
    assert result.returncode == 0 and "--seconds" in result.stdout and "--json" in result.stdout
    assert "doctor" in qtap_mini("--help").stdout


@pytest.mark.live
def test_budget_says_who_would_be_captured_less(servers):
    tls = servers["python"]
    with start("--json", "--budget", "0.01%") as process:
        for _ in range(20):  # over several intervals of the budget
            curl(tls.url(next(paths)), cert=tls.cert)
            time.sleep(0.1)
        assert process.stop() == 0, process.err
    found = json.loads(process.out[0])
    levels = {one["pid"]: one["captureLevel"] for one in found["processes"]}
    assert levels[tls.pid] in ("headers", "summary", "count")
    assert any(line.startswith(f"QT031: budget: pid {tls.pid} ") for line in found["warnings"])
    wrong = subprocess.run([QTAP_MINI, "doctor", "--budget", "5"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "expected a share of one CPU such as 5%" in wrong.stderr
