# SPDX-License-Identifier: Apache-2.0
"""Connects, says so, and sends a request when told by a line on stdin. Usage: keep_alive.py PORT"""
import http.client
import sys

conn = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
conn.request("GET", "/1")
conn.getresponse().read()
print("connected", flush=True)
for line in sys.stdin:
    conn.request("GET", line.strip())
    conn.getresponse().read()
    print("done", flush=True)
