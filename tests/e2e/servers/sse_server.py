# SPDX-License-Identifier: Apache-2.0
"""Server-sent events: /plain in chunks, /gzip compressed and flushed event by event, /close until the connection ends.
An event goes out when the client has asked for it: the next line on stdin. Prints its port, then each event that went
as a JSON line."""
import http.server
import json
import sys
import zlib

EVENTS = [("message", "one"), ("add", "two\nlines"), ("message", "x" * 5000), ("message", ""), ("done", "last")]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        chunked = self.path != "/close"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        if self.path == "/gzip":
            self.send_header("Content-Encoding", "gzip")
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Connection", "close")))
        self.end_headers()
        coder = zlib.compressobj(wbits=31) if self.path == "/gzip" else None
        for number, (kind, data) in enumerate(EVENTS):
            sys.stdin.readline()
            lines = "".join(f"data: {line}\n" for line in data.split("\n"))
            raw = f": {number}\nevent: {kind}\nid: {number}\n{lines}\n".encode()
            self.put(coder.compress(raw) + coder.flush(zlib.Z_SYNC_FLUSH) if coder else raw, chunked)
            print(json.dumps({"path": self.path, "type": kind, "id": str(number), "data": data}), flush=True)
        if coder:
            self.put(coder.flush(), chunked)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def put(self, raw, chunked):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw) if chunked else raw)
        self.wfile.flush()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_port, flush=True)
server.serve_forever()
