# SPDX-License-Identifier: Apache-2.0
"""Two real ClickHouses on loopback: Debian's server, which is old, and the engine of a current version (npm's chdb)."""
import json
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request

from harness import HERE, Process
from listeners import free_port

USER, PASSWORD = "writer", "a password & more"
NODE_MODULES = HERE.parent.parent / "build-npm-chdb" / "node_modules"
DEADLINE_S = 60

CONFIG = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{port}</http_port>
  <tcp_port>{tcp_port}</tcp_port>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <users_config>{folder}/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>10000000</mark_cache_size>
</yandex>
"""
USERS = """<?xml version="1.0"?>
<yandex>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><{user}>
    <password><![CDATA[{password}]]></password>
    <networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
  </{user}></users>
</yandex>
"""


class ClickHouse:
    """What both have; use them as context managers."""
    port, process = None, None

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def query(self, text, database="default"):
        """The rows that it gives, as a list of maps."""
        request = urllib.request.Request(f"{self.endpoint}/?database={urllib.parse.quote(database)}", text.encode(),
                                         {"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return [json.loads(line) for line in answer.read().decode().splitlines()]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from None

    def __exit__(self, *_exception):
        self.process.stop()


class OldClickHouse(ClickHouse):
    """Debian's clickhouse-server."""

    @staticmethod
    def missing():
        return "" if shutil.which("clickhouse-server") else "clickhouse-server is not installed"

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()

    def __enter__(self):
        (self.folder / "config.xml").write_text(CONFIG.format(folder=self.folder, port=self.port, tcp_port=free_port()))
        (self.folder / "users.xml").write_text(USERS.format(user=USER, password=PASSWORD))
        self.process = Process(["clickhouse-server", f"--config-file={self.folder / 'config.xml'}"])
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.query("SELECT 1 FORMAT JSONEachRow")
                return self
            except OSError:
                if time.monotonic() > deadline:
                    self.process.stop()
                    raise RuntimeError(self.process.err) from None
                time.sleep(0.05)  # it says nothing when it is ready


class NewClickHouse(ClickHouse):
    """The engine of a current version behind our own HTTP."""

    @staticmethod
    def missing():
        return "" if (NODE_MODULES / "chdb").exists() else "chdb of npm is not installed (tests/install-deps.sh test)"

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        self.process = Process(["node", HERE / "servers" / "chdb_server.js", self.folder / "data", USER, PASSWORD],
                               env={**os.environ, "NODE_PATH": str(NODE_MODULES)})
        self.port = int(self.process.wait_for_line(self.process.out, r"^port (\d+)$").group(1))
        return self
