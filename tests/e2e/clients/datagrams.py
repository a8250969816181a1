# SPDX-License-Identifier: Apache-2.0
"""UDP from one socket. Usage: datagrams.py quic PORT | peers FIRST_PORT COUNT: to the i-th peer i + 1 bytes, twice."""
import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[1] == "quic":  # the part of an Initial packet that is not encrypted (RFC 9000, 17.2.2; RFC 9001, A.1)
    head = bytes.fromhex("c300000001088394c8f03e5157080000")
    rest = 1200 - len(head) - 2
    sock.sendto(head + (0x4000 | rest).to_bytes(2, "big") + bytes(rest), ("127.0.0.1", int(sys.argv[2])))
else:
    first, count = int(sys.argv[2]), int(sys.argv[3])
    for _ in range(2):
        for i in range(count):
            sock.sendto(bytes(i + 1), ("127.0.0.1", first + i))
