# SPDX-License-Identifier: Apache-2.0
"""The traced server: nginx with one worker and its own copy of OpenSSL, and the load on it."""
import contextlib
import json
import os
import pathlib
import random
import string
import subprocess
import tempfile
from types import SimpleNamespace

from contenders import BUILD, DEADLINE_S, Process, on_cpu
from contest import private_library
from listeners import certificate, nginx

LOAD = BUILD / "tests" / "bench" / "load"
SIZES_KIB = {"1k": 1, "100k": 100}
HTTP = "keepalive_requests 1000000000; open_file_cache max=16 inactive=60s;"
LOCATION = "location /{name}/ {{ root {folder}/files; rewrite ^ /{name} break; default_type text/plain; }}"


@contextlib.contextmanager
def target(cpu):
    """Has libssl (path), folder, out_folder (memory, where there is such a folder), server; all of it ends with the block."""
    shm = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="qtap-bench-") as name, \
            tempfile.TemporaryDirectory(prefix="qtap-bench-", dir=shm if shm.is_dir() else None) as out:
        folder = pathlib.Path(name)
        (folder / "files").mkdir()
        for file, kib in SIZES_KIB.items():
            (folder / "files" / file).write_text("".join(random.choices(string.ascii_letters, k=kib << 10)))
        libssl = private_library(folder / "lib")
        process, server = nginx(
            folder, certificate(folder), protocols="TLSv1.3", http=HTTP, prefix=on_cpu(cpu, []),
            locations="\n".join(LOCATION.format(name=one, folder=folder) for one in SIZES_KIB),
            env={**os.environ, "LD_LIBRARY_PATH": str(libssl.parent)})
        with process:
            yield SimpleNamespace(folder=folder, out_folder=pathlib.Path(out), libssl=libssl, server=server)


def load_command(where, path, connections, seconds, cpu, rate=0, tick_ms=0):
    return on_cpu(cpu, [LOAD, where.server.port, path, connections, seconds, rate, tick_ms])


def start_load(*args, **more):
    """The load as a process whose lines come while it runs."""
    return Process(load_command(*args, **more))


def run_load(*args, **more):
    """What one load says at its end; no request may have failed."""
    argv = [str(one) for one in load_command(*args, **more)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} requests failed")
    return result
