# SPDX-License-Identifier: Apache-2.0
"""A gRPC server whose messages are plain bytes. Prints its port, then one JSON line for each call that is over: what
came and what went, in order. Method names say the kind of the call; "fail" in a request fails the call. UnaryHang and
BidiHang wait until the client gives them up: the second says "begun" and answers once before."""
import json
import threading
from concurrent import futures

import grpc

PRINTING = threading.Lock()


def log(method, requests, responses, status):
    with PRINTING:
        print(json.dumps({"method": method, "requests": [r.hex() for r in requests],
                          "responses": [r.hex() for r in responses], "status": status}), flush=True)


def fail(method, requests, responses, context):
    log(method, requests, responses, grpc.StatusCode.NOT_FOUND.value[0])
    context.abort(grpc.StatusCode.NOT_FOUND, "nothing at all: ä%")


def hang(method, requests, context):
    came, went, given_up = [], [], threading.Event()

    def over():
        # Not behind the wait: grpc does not go on with a call that ended between two messages.
        log(method, came, went, grpc.StatusCode.CANCELLED.value[0])
        given_up.set()

    context.add_callback(over)
    if method.startswith("Bidi"):
        went.append(b"begun")
        yield went[-1]
    came.append(next(iter(requests)))
    if method.startswith("Bidi"):
        went.append(b"echo " + came[-1])
        yield went[-1]
    given_up.wait(60)
    yield b"nobody hears this"


class Echo(grpc.GenericRpcHandler):
    """Streams on the side that the name of the method says: Unary, ClientStream, ServerStream, Bidi."""

    def service(self, call):
        method = call.method.rpartition("/")[2]
        compressed = method.endswith("Gzip")

        def run(requests, context):
            if method.endswith("Hang"):
                yield from hang(method, requests, context)
                return
            if compressed:
                context.set_compression(grpc.Compression.Gzip)
            came, went = [], []
            for request in requests:
                came.append(request)
                if request == b"fail":
                    fail(method, came, went, context)
                if method.startswith("Bidi"):
                    went.append(b"echo " + request)
                    yield went[-1]
            if method.startswith("ServerStream"):
                for i in range(int(came[0])):
                    went.append(b"part %d " % i * (i + 1))
                    yield went[-1]
                if method.endswith("Fail"):
                    fail(method, came, went, context)
            elif not method.startswith("Bidi"):
                went.append(b"got " + b"+".join(came))
                yield went[-1]
            log(method, came, went, 0)

        if method.endswith("Missing"):
            return None
        if method.startswith("Unary"):
            return grpc.unary_unary_rpc_method_handler(lambda one, context: list(run([one], context))[0])
        if method.startswith("ClientStream"):
            return grpc.stream_unary_rpc_method_handler(lambda many, context: list(run(many, context))[0])
        if method.startswith("ServerStream"):
            return grpc.unary_stream_rpc_method_handler(lambda one, context: run([one], context))
        return grpc.stream_stream_rpc_method_handler(run)


server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((Echo(),))
print("port", server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
