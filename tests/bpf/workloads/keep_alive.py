# SPDX-License-Identifier: Apache-2.0
"""Connects, says so, and sends a request for each line on stdin. Usage: keep_alive.py PORT [tls]"""
import http.client
import ssl
import sys

port = int(sys.argv[1])
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    conn = http.client.HTTPSConnection("127.0.0.1", port, context=context)
else:
    conn = http.client.HTTPConnection("127.0.0.1", port)
conn.request("GET", "/1")
conn.getresponse().read()
print("connected", flush=True)
for line in sys.stdin:
    conn.request("GET", line.strip())
    conn.getresponse().read()
    print("done", flush=True)
