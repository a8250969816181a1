# SPDX-License-Identifier: Apache-2.0
"""Pulse's ingest service as the specification has it: Connect unary calls, read by python's protobuf from pulse.proto."""
import importlib
import json
import shutil
import subprocess
import sys
import threading

from harness import HERE
from http_fake import HttpFake, Refused, must

SERVICE = "/eventstore.v1.EventStoreService/"


def missing():
    return "" if shutil.which("protoc") else "protoc (protobuf-compiler) is not installed"


def messages(folder):
    """The classes of pulse.proto, made in an empty folder."""
    subprocess.run(["protoc", f"-I{HERE / 'servers'}", f"--python_out={folder}", "pulse.proto"], check=True)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("pulse_pb2")
    finally:
        sys.path.remove(str(folder))


def error(status, code, message):
    return Refused(status, json.dumps({"code": code, "message": message}).encode(), {"Content-Type": "application/json"})


class PulseFake(HttpFake):
    content_type = "application/proto"

    def __init__(self, messages_of, token):
        super().__init__()
        self.messages, self.token = messages_of, token
        self.events, self.pings, self.batches = [], 0, []
        self.answers_pings = threading.Event()
        self.answers_pings.set()

    def answer(self, method, path, fields, body):
        must(method == "POST" and path.startswith(SERVICE), path)
        must(fields["content-type"] == "application/proto" and fields["connect-protocol-version"] == "1", fields)
        if fields["authorization"] != f"Bearer {self.token}":
            raise error(401, "unauthenticated", f"no such token: {fields['authorization']}")
        call = path.removeprefix(SERVICE)
        if call == "Ping":
            must(body == b"", body)
            self.pings += 1
            self.answers_pings.wait(60)
            return self.messages.PingResponse(org_id="o").SerializeToString()
        if call != "IngestBatch":
            raise error(404, "unimplemented", call)
        request = self.messages.IngestBatchRequest.FromString(body)
        known = self.messages.IngestBatchRequest.FromString(body)
        known.DiscardUnknownFields()
        must(known.ByteSize() == request.ByteSize() and request.events, "unknown fields, or no events")
        self.batches.append(len(request.events))
        self.events += request.events
        return b""
