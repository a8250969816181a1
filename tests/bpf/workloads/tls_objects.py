# SPDX-License-Identifier: Apache-2.0
"""Makes and frees TLS objects that move no bytes, for the seconds on each line of stdin, and says "made N". Usage:
tls_objects.py"""
import ssl
import sys
import time

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
print("ready", flush=True)
for line in sys.stdin:
    end, made = time.monotonic() + float(line), 0
    while time.monotonic() < end:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="x")
        made += 1
    print("made", made, flush=True)
