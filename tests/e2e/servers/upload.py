# SPDX-License-Identifier: Apache-2.0
"""A session that feeds exchanges to one store of objects, and what it told."""
import qtap

DEADLINE_MS = 30_000
YAML = """version: 2
services:
  event_stores: []
  object_stores:
    - {store}
stacks: {{ main: {{ plugins: [{{ type: http_capture, config: {{ level: full }} }}] }} }}
tap: {{ http: {{ stack: main }} }}
sink: {{ retry: {{ first: 10ms, max: 50ms }} }}
"""


class Upload:
    """Use it as a context manager. `store`: YAML in one line."""

    def __init__(self, store, options=None):
        self.records, self.log = [], []
        self.session = qtap.Session({"capture.source": "feed", **(options or {})}, yaml=YAML.format(store=store),
                                    on_event=self._event, logger=lambda _level, line: self.log.append(line))
        self.session.start()

    def _event(self, event):
        if event["event.type"] == "artifact_record":
            self.records.append(event.to_dict())

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.session.close()

    def exchange(self, body, path="/"):
        feed = self.session.feed(1_000_000_000, pid=7, exe="/usr/bin/curl", role="client", is_tls=True,
                                 local=("10.0.0.1", 4000), remote=("8.8.8.8", 443))
        feed.data("sent", b"GET %s HTTP/1.1\r\nHost: api.example\r\n\r\n" % path.encode())
        feed.data("received", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        feed.close()

    def refused(self, words, count=10):
        """Uploads objects that the storage refuses for good: each has its record, one line says why."""
        for i in range(count):
            self.exchange(b"%d" % i)
        self.flush()
        stats = self.session.stats
        assert stats["sink_dropped"] == count and stats["sink_retries"] == 0
        failed = f"Failed to upload to object storage: {words}"
        assert all(failed in record["error"] for record in self.records), self.records[0]
        assert sum(failed in line for line in self.log) == 1, self.log

    def flush(self):
        self.session.flush(DEADLINE_MS)
        self.session.poll(0)
