# SPDX-License-Identifier: Apache-2.0
"""A session that is fed exchanges and sends the events about them to the stores of a test."""
import threading
import time

import qtap

DEADLINE_MS = 30_000
YAML = """version: 2
services:
  event_stores:
{stores}
  object_stores: [{objects}]
stacks: {{ main: {{ plugins: [{{ type: http_capture, config: {{ level: full }} }}, {{ type: report_usage }}] }} }}
tap: {{ http: {{ stack: main }} }}
sink: {{ retry: {{ first: 10ms, max: 50ms }}, batch: {{ max_wait: 50ms }} }}
"""


class EventSession:
    """`stores`: the lines of services.event_stores, one flow map each. `told`: every event, as the host gets it."""

    def __init__(self, *stores, objects="", start=True):
        self.told, self.log = [], []
        self._logged = threading.Condition()
        self._now = time.time_ns() - 10**9  # tables forget what is too old
        yaml = YAML.format(stores="\n".join(f"    - {store}" for store in stores), objects=objects)
        self.session = qtap.Session({"capture.source": "feed", "agent.name": "the test"}, yaml=yaml,
                                    on_event=lambda event: self.told.append(event.to_dict()),
                                    logger=self._note)
        if start:
            self.session.start()

    def _note(self, _level, line):  # stores have threads of their own
        with self._logged:
            self.log.append(line)
            self._logged.notify_all()

    def wait_for_log(self, word):
        with self._logged:
            assert self._logged.wait_for(lambda: any(word in line for line in self.log), DEADLINE_MS / 1000), self.log

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.session.close()

    def exchange(self, path="/", body=b"hello", status=200, request_fields=b""):
        feed = self.session.feed(self._now, pid=7, exe="/usr/bin/curl", role="client", is_tls=True,
                                 local=("10.0.0.1", 4000), remote=("8.8.8.8", 443))
        feed.data("sent", b"GET %s HTTP/1.1\r\nHost: api.example\r\n%s\r\n" % (path.encode(), request_fields),
                  time_ns=self._now + 2_000_000)
        feed.data("received", b"HTTP/1.1 %d OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body,
                  time_ns=self._now + 29_000_000)
        feed.close()

    def flush(self):
        self.session.flush(DEADLINE_MS)
        self.session.poll(0)

    def stat(self, name):
        return self.session.stats[name]

    def events(self, kind):
        return [event for event in self.told if event["eventType"] == kind]


def refusal(session, count=20, lines=1, ignoring=None):
    """The line (or so many) that tells why the store took nothing."""
    for i in range(count):
        session.exchange(f"/{i}")
    session.flush()
    assert session.stat("sink_dropped") == len(session.told) > count
    told = [line for line in session.log if "store " in line and not (ignoring and ignoring in line)]
    assert len(told) == lines if lines == 1 else len(told) >= lines, session.log
    return told[0] if lines == 1 else told
