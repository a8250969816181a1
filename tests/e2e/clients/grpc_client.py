# SPDX-License-Identifier: Apache-2.0
"""Calls every kind of method of servers/grpc_server.py. Prints a JSON line for each call: what went, what came, the
status. Usage: grpc_client.py PORT"""
import json
import sys

import grpc


def call(channel, method, requests, compression=None):
    path = f"/test.Echo/{method}"
    streams_in = method.startswith(("ClientStream", "Bidi"))
    streams_out = method.startswith(("ServerStream", "Bidi"))
    kind = {(False, False): channel.unary_unary, (True, False): channel.stream_unary,
            (False, True): channel.unary_stream, (True, True): channel.stream_stream}[streams_in, streams_out]
    came, status, text = [], 0, ""
    try:
        answer = kind(path)(iter(requests) if streams_in else requests[0], compression=compression, timeout=60)
        for one in answer if streams_out else [answer]:
            came.append(one)
    except grpc.RpcError as error:
        status, text = error.code().value[0], error.details()
    print(json.dumps({"method": method, "requests": [r.hex() for r in requests], "responses": [r.hex() for r in came],
                      "status": status, "message": text}), flush=True)


with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}") as channel:
    call(channel, "Unary", [b"one"])
    call(channel, "Unary", [b""])
    call(channel, "Unary", [bytes(range(256)) * 2000])
    call(channel, "ClientStream", [b"a", b"b" * 20000, b"", b"c"])
    call(channel, "ServerStream", [b"40"])
    call(channel, "ServerStream", [b"0"])
    call(channel, "Bidi", [b"x%d" % i * (i + 1) for i in range(30)])
    call(channel, "UnaryGzip", [b"compress me " * 100], grpc.Compression.Gzip)
    call(channel, "BidiGzip", [b"compress me too " * 50, b"tiny"], grpc.Compression.Gzip)
    call(channel, "UnaryDeflate", [b"deflate me " * 100], grpc.Compression.Deflate)
    call(channel, "UnaryFail", [b"fail"])
    call(channel, "BidiFail", [b"good", b"fail"])
