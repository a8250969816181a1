# SPDX-License-Identifier: Apache-2.0
"""Calls every kind of method of servers/grpc_server.py. Prints a JSON line for each call: what went, what came, the
status. Usage: grpc_client.py PORT [more]   more: also calls that the server must lack or that are given up"""
import json
import sys
import threading

import grpc


def given_up(channel, requests):
    """A call that is cancelled once two messages have come."""
    over = threading.Event()

    def ask():
        yield from requests
        over.wait(60)

    answer = channel.stream_stream("/test.Echo/BidiHang")(ask(), timeout=60)
    yield next(answer)
    yield next(answer)
    answer.cancel()
    over.set()
    yield from answer


def call(channel, method, requests, compression=None, timeout=60):
    path = f"/test.Echo/{method}"
    streams_in = method.startswith(("ClientStream", "Bidi"))
    streams_out = method.startswith(("ServerStream", "Bidi"))
    kind = {(False, False): channel.unary_unary, (True, False): channel.stream_unary,
            (False, True): channel.unary_stream, (True, True): channel.stream_stream}[streams_in, streams_out]
    came, status, text = [], 0, ""
    try:
        if method == "BidiHang":
            answer = given_up(channel, requests)
        else:
            start = kind(path) if streams_out else kind(path).with_call
            answer = start(iter(requests) if streams_in else requests[0], compression=compression, timeout=timeout)
        if not streams_out:
            one, answer = answer
            came.append(one)
        else:
            for one in answer:
                came.append(one)
        text = answer.details()
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
    if sys.argv[2:] == ["more"]:
        call(channel, "ServerStreamFail", [b"3"])
        call(channel, "UnaryMissing", [b"nobody implements this"])
        call(channel, "UnaryHang", [b"until the deadline"], timeout=0.5)
        call(channel, "BidiHang", [b"until cancelled"])
