# SPDX-License-Identifier: Apache-2.0
"""The benchmarks that capture run, and count right. How long anything takes is no subject here."""
import json
import os
import subprocess

import pytest
from harness import BUILD, DEADLINE_S, PYTHON, ROOT

pytestmark = pytest.mark.live

# Each load fits into the ring: nothing may be lost, even if the capturer gets no processor meanwhile.
SECONDS = "0.2"


def bench(script, tmp_path, *flags):
    report = tmp_path / "report.json"
    done = subprocess.run([PYTHON, ROOT / "tests" / "bench" / script, "--rounds", "1", "--json", report, *flags],
                          env={**os.environ, "QTAP_BUILD_DIR": str(BUILD)}, capture_output=True, text=True,
                          timeout=DEADLINE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(report.read_text())


def test_call_cost_sees_each_message_and_wakes_its_reader_by_the_clock(tmp_path):
    (report,) = bench("call_cost.py", tmp_path, "--way", "socket", "--seconds", "0.1")["reports"]

    assert report["none_us"] > 0
    assert report["contenders"]["libqtap"]["samples"] == 1  # the baseline loses bytes on a busy machine
    # One per 5 ms, in which hundreds of messages pass; a reader that is woken for records is near 1.
    assert report["contenders"]["libqtap"]["wakeups"] < 0.2


def test_https_load_counts_each_request(tmp_path):
    names = ["qtap-mini full", "qtap-mini summary", "baseline"]

    reports = bench("https_load.py", tmp_path, "--seconds", SECONDS, "--case", "saturated-1k,rate-1k", "--rate", "300",
                    "--contender", ",".join(names))["reports"]

    assert [one["case"] for one in reports] == ["saturated-1k", "rate-1k"]
    saturated, fixed = ({row["name"]: row["captured_least"] for row in one["rows"]} for one in reports)
    assert fixed == dict.fromkeys(names, 1)
    # Who does not keep up loses some: a matter of the machine, here only more than one each would be wrong.
    assert sorted(saturated) == sorted(names) and all(0 < share <= 1 for share in saturated.values())


def test_stopped_reader_ends_with_an_exact_ledger(tmp_path):
    (one,) = bench("stopped_reader.py", tmp_path, "--stopped", SECONDS, "--running", SECONDS)["rounds"]

    assert one["exact"], one["ledger"]
    assert 0 < one["captured"] <= one["requests"]
    assert one["captured_later"] > 0
