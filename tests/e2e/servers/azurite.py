# SPDX-License-Identifier: Apache-2.0
"""Azure's Blob service on loopback: Azurite, Microsoft's own emulator, which checks signatures; and a client to read it with,
whose signer is written apart from ours."""
import base64
import datetime
import email.utils
import hashlib
import hmac
import http.client
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

from listeners import free_port

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAIN = ROOT / "build-npm-e2e" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
VERSION = "2021-12-02"
DEADLINE_S = 60


def missing():
    """What is not installed, or ""."""
    return "node" if not shutil.which("node") else "" if MAIN.exists() else "azurite (npm; tests/install-deps.sh test)"


class Azurite:
    """Use it as a context manager."""

    account = "devstoreaccount1"
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # known to everybody

    def __init__(self, folder):
        self.folder, self.port, self._process = folder, free_port(), None

    def __enter__(self):
        with open(self.folder / "azurite.out", "wb") as log:
            self._process = subprocess.Popen(
                ["node", MAIN, "--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", self.folder, "--silent",
                 "--disableTelemetry"], stdout=log, stderr=log)
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=5).connect()
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    self.__exit__()
                    raise RuntimeError((self.folder / "azurite.out").read_text()) from None
                time.sleep(0.05)

    def __exit__(self, *_exception):
        self._process.terminate()
        self._process.wait(timeout=10)

    def ask(self, method, path, query=()):
        """(status, header fields, body) of a signed request; `path` below the account."""
        headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION}
        path = f"/{self.account}/{path}"
        text = f"{method}" + "\n" * 12 + "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        text += f"/{self.account}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query))
        signature = hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {self.account}:{base64.b64encode(signature).decode()}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    def make_container(self, name):
        assert self.ask("PUT", name, [("restype", "container")])[0] == 201

    def stored(self, container):
        """{name: (bytes, type)} of all blobs."""
        status, _, listed = self.ask("GET", container, [("restype", "container"), ("comp", "list")])
        assert status == 200, listed
        found = {}
        for name in re.findall(r"<Name>([^<]+)</Name>", listed.decode()):
            status, headers, body = self.ask("GET", f"{container}/{urllib.parse.quote(name)}")
            assert status == 200
            found[name] = body, headers["Content-Type"]
        return found

    def sas(self, container, permissions="cw"):
        """A signature of the service's for one container, for an hour ("Create a service SAS")."""
        expires = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = "\n".join([permissions, "", expires, f"/blob/{self.account}/{container}", "", "", "http,https", VERSION, "c",
                          "", "", "", "", "", "", ""])
        signature = base64.b64encode(hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()).decode()
        return urllib.parse.urlencode({"sp": permissions, "se": expires, "spr": "http,https", "sv": VERSION, "sr": "c",
                                       "sig": signature}, safe=",")
