# SPDX-License-Identifier: Apache-2.0
"""A strict receiver of OTLP logs over HTTP and gRPC, from opentelemetry's own message definitions. Records are kept as
maps; what a receiver need not take is noted in `wrong` and answered with an error. `fail()` makes the next calls fail."""
import gzip
import http.server
import ssl
import threading
from concurrent import futures

import grpc
from google.protobuf import any_pb2, duration_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc

SEVERITIES = {9: "INFO", 13: "WARN", 17: "ERROR"}


def message_field(number, message):
    """Of a message that is short."""
    return bytes([number << 3 | 2, len(message)]) + message


def rpc_status(code, text, retry_s=None):
    """google.rpc.Status, of which Debian has no definition; with a RetryInfo if asked for."""
    status = bytes([1 << 3, code]) + message_field(2, text.encode())
    if retry_s is None:
        return status
    info = message_field(1, duration_pb2.Duration(seconds=retry_s).SerializeToString())
    detail = any_pb2.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=info)
    return status + message_field(3, detail.SerializeToString())


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(one) for one in any_value.array_value.values]
    if kind == "kvlist_value":
        return map_of(any_value.kvlist_value.values)
    assert kind, "a value without a kind"
    return getattr(any_value, kind)


def map_of(pairs):
    made = {pair.key: value_of(pair.value) for pair in pairs}
    assert len(made) == len(pairs), "a key comes twice"
    assert all(key and value not in ("", []) for key, value in made.items()), made
    return made


class OtlpReceiver:
    """`token`: what the field authorization must be."""

    def __init__(self, token=None, cert=None):
        self.token, self.cert = token, cert
        self.records, self.resources, self.requests, self.wrong = [], [], 0, []
        self._faults, self._lock = [], threading.Lock()

    def fail(self, *faults):
        """For gRPC (code, text, seconds of RetryInfo or None), for HTTP a status; ("refuse", n): partial success."""
        self._faults += faults

    def take(self, raw, fields):
        """The fault that this call is to have, or None; else what partial success is to say."""
        with self._lock:
            self.requests += 1
            fault = self._faults.pop(0) if self._faults else None
            if self.token and fields.get("authorization") != self.token:
                return "denied"
            if fault and fault[0] != "refuse":
                return fault
            request = logs.ExportLogsServiceRequest()
            try:
                request.ParseFromString(raw)
                assert request.SerializeToString() == raw, "not as it would be written, or with unknown fields"
                request.DiscardUnknownFields()
                assert len(request.SerializeToString()) == len(raw), "unknown fields"
                self._keep(request, fault[1] if fault else 0)
            except Exception as error:
                self.wrong.append(repr(error))
                return "wrong"
            return fault

    def _keep(self, request, refused):
        for group in request.resource_logs:
            self.resources.append(map_of(group.resource.attributes))
            for scope in group.scope_logs:
                assert scope.scope.name == "libqtap" and scope.scope.version
                records = list(scope.log_records)
                for record in records[:len(records) - refused]:
                    assert record.body.string_value
                    assert SEVERITIES[record.severity_number] == record.severity_text
                    assert record.observed_time_unix_nano >= record.time_unix_nano > 0
                    self.records.append({"time": record.time_unix_nano, "severity": record.severity_text,
                                         "body": record.body.string_value, "attributes": map_of(record.attributes)})

    def response(self, fault):
        response = logs.ExportLogsServiceResponse()
        if fault:
            response.partial_success.rejected_log_records = fault[1]
            response.partial_success.error_message = "too old"
        return response

    def __enter__(self):
        self._grpc = grpc.server(futures.ThreadPoolExecutor(4))
        logs_grpc.add_LogsServiceServicer_to_server(_Grpc(self), self._grpc)
        if self.cert:
            pair = (self.cert.key.read_bytes(), self.cert.cert.read_bytes())
            self.grpc_port = self._grpc.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        else:
            self.grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        handler = type("Handler", (_Http,), {"receiver": self})
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        if self.cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.cert.cert, self.cert.key)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.http_port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._grpc.stop(None).wait()
        self._http.shutdown()
        self._http.server_close()


class _Grpc(logs_grpc.LogsServiceServicer):
    def __init__(self, receiver):
        self.receiver = receiver

    def Export(self, request, context):
        receiver, fields = self.receiver, dict(context.invocation_metadata())
        fault = receiver.take(request.SerializeToString(), fields)
        if fault == "denied":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such token: %" + fields.get("authorization", ""))
        if fault == "wrong":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "cannot read this")
        if fault == ("hang",):
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait(60)
            context.abort(grpc.StatusCode.UNKNOWN, "nobody hears this")
        if fault and fault[0] != "refuse":
            code, text, wait_s = fault
            if wait_s is not None:
                context.set_trailing_metadata((("grpc-status-details-bin", rpc_status(code.value[0], text, wait_s)),))
            context.abort(code, text)
        return receiver.response(fault)


class _Http(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver = None

    def log_message(self, *_arguments):
        pass

    def do_POST(self):
        receiver, fields = self.receiver, {name.lower(): value for name, value in self.headers.items()}
        raw = self.rfile.read(int(fields["content-length"]))
        status, body = 200, b""
        if self.path != "/v1/logs":
            status = 404
        elif fields.get("content-type") != "application/x-protobuf" or fields.get("content-encoding") != "gzip":
            status = 415
        else:
            fault = receiver.take(gzip.decompress(raw), fields)
            if fault in ("denied", "wrong"):
                status = 401 if fault == "denied" else 400
                body = rpc_status(16, "no such token")
            elif fault and fault[0] != "refuse":
                status = fault[0]
            else:
                body = receiver.response(fault).SerializeToString()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
