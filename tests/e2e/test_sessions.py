# SPDX-License-Identifier: Apache-2.0
"""Sessions of one process: two at once do not see each other, and nothing stays behind when they end."""
import json
import re
import shutil
import subprocess
import time

import pytest
from harness import BUILD, DEADLINE_S, HERE, ROOT, Process, curl

pytestmark = pytest.mark.live

CYCLES = 200


def build_program(name, folder):
    """Compiles a C program as a user of the library would."""
    program = folder / name
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "libqtap" / "include",
                    HERE / "programs" / f"{name}.c", "-o", program, "-L", BUILD, "-lqtap", f"-Wl,-rpath,{BUILD}"],
                   check=True, timeout=60)
    return program


def test_two_sessions_do_not_see_each_others_callbacks(servers, tmp_path):
    server = servers["python"]
    with Process([build_program("two_sessions", tmp_path)], stdin=subprocess.PIPE) as process:
        process.wait_for_line(process.out, "^ready$")
        curl(server.url("/isolated"), cert=server.cert)
        process.wait_for_line(process.out, "^first .*/isolated$")
        process.wait_for_line(process.out, "^second .*/isolated$")
        process.close_stdin()
        assert process.wait() == 0, process.err
    lines = [line for line in process.out if line.endswith("/isolated")]
    assert sorted(lines) == ["first egress-internal /isolated", "second ingress /isolated"]
    # Whatever else runs on this machine: a session hears only of its own direction.
    for line in process.out[1:]:
        assert re.match(r"first egress|second ingress", line), line


def bpf_ids(kind):
    """Of all maps, programs or links in the kernel. bpftool 7.5 fails while a link is made (EAGAIN): ask again."""
    argv = [shutil.which("bpftool", path="/usr/sbin:/sbin:/usr/bin"), "-j", kind, "list"]
    end = time.monotonic() + DEADLINE_S
    while (listing := subprocess.run(argv, capture_output=True, timeout=60)).returncode != 0:
        assert time.monotonic() < end, (argv, listing)
    return {one["id"] for one in json.loads(listing.stdout or b"[]")}


def bpf_objects():
    return {kind: bpf_ids(kind) for kind in ("map", "prog", "link")}


def test_200_cycles_leave_nothing_behind(tmp_path):
    before = bpf_objects()
    with Process([build_program("cycles", tmp_path), CYCLES], stdin=subprocess.PIPE) as process:
        warm = process.wait_for_line(process.out, r"^warm: (.*)").group(1)
        process.write_stdin("\n")
        done = process.wait_for_line(process.out, r"^done: (.*)", deadline_s=1200).group(1)
        assert done == warm
        # Programs and maps are freed after an RCU grace period: look until they are gone, with a deadline.
        end = time.monotonic() + DEADLINE_S
        while (left := {kind: ids - before[kind] for kind, ids in bpf_objects().items()}) != {
                "map": set(), "prog": set(), "link": set()}:
            assert time.monotonic() < end, left
        process.close_stdin()
        assert process.wait() == 0, process.err
