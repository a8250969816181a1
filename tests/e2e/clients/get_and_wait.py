# SPDX-License-Identifier: Apache-2.0
"""GETs the URL, closes the connection, says "done", and waits for the end of its input. Usage: get_and_wait.py URL CERT"""
import ssl
import sys
import urllib.request

context = ssl.create_default_context(cafile=sys.argv[2])
with urllib.request.urlopen(sys.argv[1], context=context, timeout=60) as response:
    response.read()
print("done", flush=True)
sys.stdin.read()
