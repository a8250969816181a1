#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fetches a URL with urllib. Usage: get_urllib.py URL [CERT]"""
import ssl
import sys
import urllib.request

url, *cert = sys.argv[1:]
context = ssl.create_default_context(cafile=cert[0]) if cert else None
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
with opener.open(url, timeout=20) as answer:
    sys.stdout.buffer.write(answer.read())
