# SPDX-License-Identifier: Apache-2.0
"""One request over TLS; then the process is gone without a word to its TLS object. Usage: abrupt.py PORT"""
import http.client
import os
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
conn = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=context)
conn.request("GET", "/500")
conn.getresponse().read()
os._exit(0)
