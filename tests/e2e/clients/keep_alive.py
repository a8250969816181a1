# SPDX-License-Identifier: Apache-2.0
"""Keeps connections open and asks on all of them, for each line on stdin: GET /LINE/N, N the connection. Prints one line
before, with the local ports, and one after each round. "forever" asks until stdin ends.
Usage: keep_alive.py PORT CERT CONNECTIONS"""
import http.client
import select
import ssl
import sys

context = ssl.create_default_context(cafile=sys.argv[2])
context.check_hostname = False
connections = [http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=context)
               for _ in range(int(sys.argv[3]))]


def ask_all(word):
    for n, connection in enumerate(connections):
        connection.request("GET", f"/{word}/{n}")
        response = connection.getresponse()
        if response.status != 200:
            sys.exit(f"{word} {n}: {response.status}")
        response.read()


ask_all("first")
print(*(connection.sock.getsockname()[1] for connection in connections), flush=True)
for line in sys.stdin:
    word, count = line.strip(), 0
    if word == "forever":
        while not select.select([sys.stdin], [], [], 0)[0]:
            ask_all(f"load{count}")
            count += 1
    else:
        ask_all(word)
    print("done", word, flush=True)
