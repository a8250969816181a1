# SPDX-License-Identifier: Apache-2.0
"""A recording gives the same events and objects as the capture that wrote it, every time and without root."""
import os
import pathlib
import shutil

import pytest
from harness import HERE, NOBODY, PYTHON, curl, ledger_of, qtap_mini, run_as, run_client

POWERLESS = [*NOBODY, "--bounding-set=-all", "--inh-caps=-all"]


def files_in(folder):
    return {path.relative_to(folder): path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}


def replay(recording, folder, prefix=(), env=None):
    """(event lines, objects by path) of one replay. The events name the folder: the same one each time, emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    result = qtap_mini("--replay", recording, "--all", "--json", "--objects", folder, prefix=prefix, env=env)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines(), files_in(folder)


def without_root(folder, recording, objects):
    folder.chmod(0o777)
    target = folder / "copy.qrec"
    shutil.copy(recording, target)
    target.chmod(0o644)
    result = run_as(POWERLESS if os.geteuid() == 0 else [], folder, "--replay", target, "--all", "--json", "--objects",
                    objects)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines(), files_in(objects)


def test_a_fed_recording_replays_the_same_three_times(recording, tmp_path):
    runs = [replay(recording, tmp_path / "objects") for i in range(3)]
    lines, objects = runs[0]
    assert any('"eventType":"request"' in line for line in lines)
    assert len(objects) == 1
    assert runs[1] == runs[0] and runs[2] == runs[0]


@pytest.mark.live
def test_a_live_recording_replays_to_the_same_bytes(servers, agent, tmp_path, public_copy):
    file = tmp_path / "live.qrec"
    running = agent("--record", file)
    for name in ("nginx", "s_server", "python", "nginx-plain", "python-plain"):
        server = servers[name]
        curl(server.url("/recorded"), "-A", name, cert=server.cert)
        running.wait_for_requests(server.url("/recorded"), 2)
    server = servers["python"]
    run_client([PYTHON, HERE / "clients" / "get_http_client.py", server.url("/number/"), server.cert, 20])
    curl(server.url("/bytes/3000000"), "-o", "/dev/null", cert=server.cert)
    running.wait_for_requests(server.url("/bytes/3000000"), 2)
    assert running.stop() == 0, running.err
    assert file.stat().st_mode & 0o777 == 0o600  # it holds plain text

    live = sorted(running.out), files_in(running.objects_dir)
    runs = [replay(file, tmp_path / "replay") for i in range(3)]
    assert runs[1] == runs[0] and runs[2] == runs[0]
    lines, objects = runs[0]
    # The live run has a worker per store, so that only the order of lines may differ.
    assert objects == live[1]
    # Where the object is (its folder) is part of the record of it.
    here = [line.replace(str(tmp_path / "replay"), str(running.objects_dir)) for line in lines]
    assert sorted(here) == live[0]

    as_nobody = without_root(public_copy, file, public_copy / "objects")
    assert as_nobody[1] == live[1]
    there = [line.replace(str(public_copy / "objects"), str(running.objects_dir)) for line in as_nobody[0]]
    assert sorted(there) == live[0]


def test_a_replay_has_a_ledger_that_adds_up(recording):
    result = qtap_mini("--replay", recording, "--all")
    assert result.returncode == 0
    ledger = ledger_of(result.stderr.splitlines())
    assert ledger["transactions"] == 1
    assert ledger["seen"] == ledger["delivered"] > 0
    assert ledger["lost"] == 0
    # A feed knows of no socket below: its TLS is as long as the plain text.
    assert f"TLS: decrypted {ledger['seen']} of {ledger['seen']} bytes (100 %)" in result.stderr.splitlines()
