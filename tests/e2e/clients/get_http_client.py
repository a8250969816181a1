#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests on one keep-alive connection with http.client. Usage: get_http_client.py URL [CERT [COUNT]]

With COUNT, that many requests to URL0, URL1, ...; each also carries its number as header X-Number.
"""
import http.client
import ssl
import sys
import urllib.parse

url, *rest = sys.argv[1:]
parts = urllib.parse.urlsplit(url)
if parts.scheme == "https":
    context = ssl.create_default_context(cafile=rest[0])
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=20)
else:
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)

numbers = [str(i) for i in range(int(rest[1]))] if len(rest) > 1 else [""]
for number in numbers:
    connection.request("GET", parts.path + number, headers={"X-Number": number} if number else {})
    answer = connection.getresponse()
    body = answer.read()
    if number and body.decode() != number:
        sys.exit(f"asked for {number}, got {body!r}")
    sys.stdout.buffer.write(body)
connection.close()
