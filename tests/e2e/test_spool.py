# SPDX-License-Identifier: Apache-2.0
"""An outage of a real storage, with a spool: what waits on the disk survives kill -9 and is in the bucket afterwards, once."""
import hashlib
import os
import signal
import subprocess
import sys

import pytest
import qtap
from listeners import free_port
from rados_gateway import RadosGateway, missing

botocore_session = pytest.importorskip("botocore.session", reason="python3-botocore, which reads the bucket, is not installed")

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"{missing()} (radosgw, ceph-mon, ceph-osd) is not installed")

DEADLINE_MS = 60_000
OBJECTS = 200
YAML = """version: 2
services:
  event_stores: []
  object_stores:
    - {{ id: store, type: s3, endpoint: '127.0.0.1:{port}', insecure: true, bucket: spooled,
        access_key: '{key}', secret_key: {{ type: text, value: '{secret}' }} }}
stacks: {{ main: {{ plugins: [{{ type: http_capture, config: {{ level: full }} }}] }} }}
tap: {{ http: {{ stack: main }} }}
sink: {{ retry: {{ first: 10ms, max: 50ms }}, spool: {{ dir: '{spool}' }} }}
"""

# Captures OBJECTS transactions while the storage is down, says when all are in the spool, and waits for its end.
VICTIM = """
import sys, time, qtap
yaml, objects = open(sys.argv[1]).read(), int(sys.argv[2])
session = qtap.Session({"capture.source": "feed"}, yaml=yaml)
session.start()
for i in range(objects):
    feed = session.feed(1_000_000_000, pid=7, exe="/usr/bin/curl", role="client", is_tls=True,
                        local=("10.0.0.1", 4000), remote=("8.8.8.8", 443))
    body = b"%d " % i * 200
    feed.data("sent", b"GET /%d HTTP/1.1\\r\\nHost: api.example\\r\\n\\r\\n" % i)
    feed.data("received", b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
    feed.close()
until = time.monotonic() + 60
while session.stats["sink_spooled"] < objects and time.monotonic() < until:
    session.poll(10)
print(session.stats["sink_spooled"], session.stats["sink_dropped"], flush=True)
time.sleep(600)
"""


def test_an_outage_and_a_kill_lose_nothing_and_write_nothing_twice(tmp_path):
    (tmp_path / "ceph").mkdir()
    with RadosGateway(tmp_path / "ceph") as gateway:
        spool = tmp_path / "spool"
        config = tmp_path / "down.yaml"
        values = {"key": gateway.keys[0], "secret": gateway.keys[1], "spool": spool}
        config.write_text(YAML.format(port=free_port(), **values))
        script = tmp_path / "victim.py"
        script.write_text(VICTIM)
        victim = subprocess.Popen([sys.executable, str(script), str(config), str(OBJECTS)], stdout=subprocess.PIPE, text=True,
                                  env=os.environ)
        try:
            assert victim.stdout.readline().split() == [str(OBJECTS), "0"]
        finally:
            victim.send_signal(signal.SIGKILL)
            victim.wait()
        files = [path for path in spool.rglob("*") if path.is_file()]
        assert files and all(path.stat().st_mode & 0o777 == 0o600 for path in files)

        client = botocore_session.get_session().create_client(
            "s3", endpoint_url=gateway.endpoint, region_name="us-east-1", aws_access_key_id=gateway.keys[0],
            aws_secret_access_key=gateway.keys[1])
        client.create_bucket(Bucket="spooled")
        records = []
        with qtap.Session({"capture.source": "feed"}, yaml=YAML.format(port=gateway.port, **values),
                          on_event=lambda event: records.append(event.to_dict())) as session:
            session.flush(DEADLINE_MS)
            session.poll(0)
            stats = session.stats
        assert (stats["sink_sent"], stats["sink_dropped"], stats["sink_spooled"]) == (OBJECTS, 0, 0)
        assert len(records) == OBJECTS and all(record["stored"] for record in records)
        found = {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket="spooled"):
            for row in page.get("Contents", ()):
                found[row["Key"]] = client.get_object(Bucket="spooled", Key=row["Key"])["Body"].read()
        assert set(found) == {record["digest"] for record in records}
        assert all(hashlib.sha256(data).hexdigest() == key for key, data in found.items())
        assert {record["summary"]["request_method"] for record in records} == {"GET"}
        assert not [path for path in spool.rglob("*.spool")]
