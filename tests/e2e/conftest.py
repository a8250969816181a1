# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests. Live tests skip, with the reason, where the kernel cannot be asked."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "servers"))

from harness import BUILD, QTAP_MINI, Agent  # noqa: E402
from listeners import answering_s_server, certificate, nginx, python_server, s_server  # noqa: E402

# linux/capability.h
CAP_PERFMON, CAP_BPF = 38, 39


def why_not_live():
    if not (BUILD / "bpf" / "qtap.bpf.o").exists():
        return "this build has no live source (-Dbpf=disabled)"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF"
    with open("/proc/self/status", encoding="ascii") as status:
        effective = int(next(line for line in status if line.startswith("CapEff:")).split()[1], 16)
    if not (effective >> CAP_BPF & 1 and effective >> CAP_PERFMON & 1):
        return "needs CAP_BPF and CAP_PERFMON: run as root"
    return ""


def pytest_configure(config):
    config.addinivalue_line("markers", "live: captures from the real kernel")


def pytest_collection_modifyitems(items):
    reason = why_not_live()
    for item in items:
        if reason and item.get_closest_marker("live"):
            item.add_marker(pytest.mark.skip(reason="live: " + reason))


@pytest.fixture(scope="session")
def cert(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("cert"))


@pytest.fixture(scope="session")
def servers(cert, tmp_path_factory):
    """name -> Server; all run during the whole test run."""
    running = {
        "nginx": nginx(tmp_path_factory.mktemp("nginx"), cert),
        "nginx-plain": nginx(tmp_path_factory.mktemp("nginx-plain"), None),
        "s_server": answering_s_server(cert),
        "s_server -www": s_server(cert, "-www"),
        "python": python_server(cert),
        "python-plain": python_server(None),
    }
    yield {name: server for name, (_, server) in running.items()}
    for process, _ in running.values():
        process.stop()


@pytest.fixture
def agent(tmp_path):
    """A function that starts an agent with flags; all are stopped at the end of the test."""
    started = []

    def start(*flags, **more):
        more.setdefault("objects", tmp_path / f"objects{len(started)}")
        started.append(Agent(*flags, **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def shared_agent(tmp_path_factory):
    """One agent for the tests of a module that only look for their own path."""
    with Agent(objects=tmp_path_factory.mktemp("objects")) as one:
        yield one


@pytest.fixture
def recording(tmp_path):
    """A small recording, made without root by the example that feeds bytes."""
    path = tmp_path / "feed.qrec"
    subprocess.run([BUILD / "examples" / "feed", path], check=True, capture_output=True, timeout=30)
    return path


@pytest.fixture
def public_copy():
    """qtap-mini and its library where any user can read them."""
    with tempfile.TemporaryDirectory(prefix="qtap-e2e-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        shutil.copy(QTAP_MINI, folder)
        shutil.copy(BUILD / "libqtap.so.0", folder)
        yield folder
