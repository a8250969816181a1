# SPDX-License-Identifier: Apache-2.0
"""Whole bodies, larger than any buffer, as they pass over HTTPS."""
import json
import os
import random
import subprocess

import pytest
from harness import DEADLINE_S, ENVIRONMENT, PYTHON, ROOT, body_of, curl, objects_in, sha256
from http_server import pattern

pytestmark = pytest.mark.live

MIB = 1 << 20
# `QTAP_BIG_BODY_MIB=1024` for a body of 1 GiB.
BIG_MIB = int(os.environ.get("QTAP_BIG_BODY_MIB", "256"))
# In MiB/s: what two cores do, and what they do beside other tests, which have to wait for it.
RATES = (100, 50, 25)
FIRST = ["nice", "-n", "-15"]


def test_a_big_body_is_hash_equal_at_constant_memory():
    """Each attempt must tell exactly what it missed, in flat memory; a busy machine may make it miss something."""
    reports = []
    for rate in RATES:
        done = subprocess.run([*FIRST, PYTHON, ROOT / "tests" / "bench" / "big_body.py", "--mib", str(BIG_MIB),
                               "--rate", str(rate)], capture_output=True, text=True, env=ENVIRONMENT,
                              timeout=2 * DEADLINE_S)
        assert done.returncode == 0, done.stdout + done.stderr
        reports.append(json.loads(done.stdout))
        assert reports[-1]["exact"] and reports[-1]["flat"] and len(reports[-1]["ends"]) == 2
        if reports[-1]["whole"]:
            break
    assert reports[-1]["whole"], reports


def test_the_file_store_has_bodies_beyond_the_buffer(servers, agent, tmp_path):
    """M5: the object is cut at 2 MiB and says so; the bodies beside it are whole, the sent one and the received one."""
    server = servers["python"]
    payload = tmp_path / "payload"
    payload.write_bytes(random.Random(1).randbytes(5 * MIB))
    running = agent("--set", "services.object_stores[0].bodies=true", "--set", "capture.ring_bytes=128mb")
    large, upload = server.url(f"/bytes/{10 * MIB}"), server.url("/upload")
    curl(large, "-o", "/dev/null", cert=server.cert)
    curl(upload, "--data-binary", f"@{payload}", cert=server.cert)
    running.wait_for_requests(large, 2)
    running.wait_for_requests(upload, 2)
    assert running.stop() == 0, running.err
    assert running.ledger()["lost"] == 0 and running.ledger()["dropped"] == 0, running.err

    objects = [one for one in objects_in(running.objects_dir, running=True)
               if one["request"]["url"] in (large, upload)]
    assert len(objects) == 4  # both ends of both
    bodies = running.objects_dir / "bodies"
    assert not list(bodies.glob("*.part"))
    for one in objects:
        stored = {kind: bodies / f"{one['metadata']['request_id']}.{kind}" for kind in ("request", "response")}
        if one["request"]["url"] == large:
            assert body_of(one["response"]) == pattern(2 * MIB)
            assert one["response"]["missing_bytes"] == 8 * MIB
            assert one["response"]["truncated_reason"] == "body_buffer"
            assert sha256(stored["response"].read_bytes()) == sha256(pattern(10 * MIB))
            assert not stored["request"].exists()
        else:
            assert one["request"]["missing_bytes"] == 3 * MIB
            assert sha256(stored["request"].read_bytes()) == sha256(payload.read_bytes())
            assert stored["response"].read_bytes() == body_of(one["response"])
