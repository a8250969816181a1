# SPDX-License-Identifier: Apache-2.0
"""A real object storage on loopback: Ceph's gateway for S3, one monitor and one store in memory behind it. It checks
signatures, and the digests that requests promise."""
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid

from listeners import free_port

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
DEADLINE_S = 60

CONFIG = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon_port}
mon initial members = a
keyring = {folder}/keyring
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv6 = false
osd objectstore = memstore
memstore device bytes = 1073741824
osd memory target = 939524096
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
run dir = {folder}
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log
crash dir = {folder}
rgw frontends = beast endpoint=127.0.0.1:{port}
"""

# With it session tokens are looked at. Sessions may be shorter than a test.
STS = """rgw sts key = abcdefghijklmnop
rgw s3 auth use sts = true
rgw sts min session duration = 1
"""


def missing():
    """The first program that is not installed, or ""."""
    return next((name for name in PROGRAMS if not shutil.which(name)), "")


class RadosGateway:
    """Use it as a context manager. `keys`: access key and secret of a user who may make buckets."""

    keys = ("TESTKEY000000000000A", "testsecret+with/slash0000000000000000000")

    def __init__(self, folder, has_sts=False):
        self.folder, self.port, self._running = folder, free_port(), []
        self.endpoint = f"http://127.0.0.1:{self.port}"
        fsid = str(uuid.uuid4())
        for name in ("mon", "osd", "rgw"):
            (folder / name).mkdir()
        self._config = folder / "ceph.conf"
        self._config.write_text(CONFIG.format(fsid=fsid, folder=folder, port=self.port, mon_port=free_port()) +
                                (STS if has_sts else ""))
        self._fsid = fsid

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception):
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self._running):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _run(self, *argv, configured=True):
        flags = ["-c", str(self._config)] if configured else []
        done = subprocess.run([argv[0], *flags, *map(str, argv[1:])], capture_output=True, text=True, timeout=DEADLINE_S,
                              env={**os.environ, "CEPH_CONF": str(self._config)}, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, argv))}: {done.stderr[-500:]}")
        return done.stdout

    def _serve(self, *argv):
        log = open(self.folder / f"{argv[0]}.out", "wb")
        with log:
            self._running.append(subprocess.Popen([argv[0], "-c", self._config, *argv[1:], "-f"], stdout=log, stderr=log))

    def _wait(self, what, is_there):
        end = time.monotonic() + DEADLINE_S
        while not is_there():
            dead = next((process.args[0] for process in self._running if process.poll() is not None), None)
            if dead or time.monotonic() > end:
                raise RuntimeError(f"no {what}" + (f": {dead} has ended" if dead else ""))
            time.sleep(0.05)

    def _start(self):
        keyring, monmap = self.folder / "keyring", self.folder / "monmap"
        mon = self._config.read_text().split("mon host = ")[1].splitlines()[0]
        for name, caps in (("mon.", ("mon", "allow *")),
                           ("client.admin", ("mon", "allow *", "osd", "allow *", "mgr", "allow *")),
                           ("osd.0", ("mon", "allow profile osd", "osd", "allow *"))):
            pairs = [flag for kind, what in zip(caps[::2], caps[1::2]) for flag in ("--cap", kind, what)]
            create = [] if keyring.exists() else ["--create-keyring"]
            self._run("ceph-authtool", *create, keyring, "--gen-key", "-n", name, *pairs, configured=False)
        self._run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", mon, monmap, configured=False)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self._serve("ceph-mon", "-i", "a")
        self._run("ceph", "-s")
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "create", osd, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._serve("ceph-osd", "-i", "0")
        self._wait("object store", lambda: json.loads(self._run("ceph", "osd", "stat", "-f", "json"))["num_up_osds"] == 1)
        self.make_user("test", *self.keys)
        self._run("radosgw-admin", "caps", "add", "--uid=test", "--caps=roles=*;oidc-provider=*")
        self._serve("radosgw", "-n", "client.admin")
        self._wait("gateway", self._answers)

    def make_user(self, name, key, secret):
        self._run("radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}", f"--access-key={key}",
                  f"--secret-key={secret}")

    def make_role(self, name, trust, policy):
        """Its ARN."""
        role = json.loads(self._run("radosgw-admin", "role", "create", f"--role-name={name}", "--path=/",
                                    f"--assume-role-policy-doc={json.dumps(trust)}"))
        self._run("radosgw-admin", "role-policy", "put", f"--role-name={name}", "--policy-name=put",
                  f"--policy-doc={json.dumps(policy)}")
        return role["Arn"]

    def _answers(self):
        try:
            with urllib.request.urlopen(self.endpoint, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False
