# SPDX-License-Identifier: Apache-2.0
"""Axiom's ingest interface as far as its documentation describes it; there is no emulator."""
import json

from http_fake import HttpFake, Refused, must


class AxiomFake(HttpFake):
    def __init__(self, token, dataset, cert=None):
        super().__init__(cert)
        self.token, self.dataset = token, dataset
        self.events, self.fail = [], 0  # fail: so many of the next events are refused one by one

    def answer(self, method, path, fields, body):
        must(method == "POST", method)
        must(fields["content-type"] == "application/x-ndjson", fields)
        must(fields["content-encoding"] == "gzip", fields)
        if fields["authorization"] != f"Bearer {self.token}":
            raise Refused(403, b'{"code": 403, "message": "forbidden"}')
        if path != f"/v1/datasets/{self.dataset}/ingest":
            raise Refused(404, b'{"code": 404, "message": "dataset not found"}')
        must(body.endswith(b"\n"), "the last line has no end")
        events = [json.loads(line) for line in body[:-1].split(b"\n")]
        must(all(isinstance(event, dict) for event in events), "an event is no object")
        failed = min(self.fail, len(events))
        self.fail -= failed
        taken = events[:len(events) - failed]
        self.events += taken
        failures = [{"timestamp": event["timestamp"], "error": "field limit"} for event in events[len(taken):]]
        return json.dumps({"ingested": len(taken), "failed": failed, "failures": failures, "processedBytes": len(body),
                           "blocksCreated": 0, "walLength": 2}).encode()
