# SPDX-License-Identifier: Apache-2.0
"""Google's Cloud Storage as far as uploads need it, on loopback: a token endpoint that verifies the RS256 assertion of a
service account with openssl, a metadata server, and buckets of the XML API that take only tokens which those gave."""
import base64
import hashlib
import http.server
import json
import pathlib
import subprocess
import threading
import time
import urllib.parse

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class FakeGcs:
    """Use it as a context manager. `objects`: {bucket: {key: (bytes, type)}}."""

    email = "uploads@acme.iam.gserviceaccount.com"

    def __init__(self, folder, buckets=()):
        self.folder = pathlib.Path(folder)
        self.objects = {name: {} for name in buckets}
        self.tokens, self.asked = {}, []  # token -> expiry; (what, outcome)
        self.expires_in, self.refuse_tokens = 3599, 0
        self.lock = threading.Lock()
        self._server = None

    def __enter__(self):
        key = self.folder / "key.pem"
        self._run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        self._run("openssl", "pkey", "-in", key, "-pubout", "-out", self.folder / "public.pem")
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.endpoint = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _run(*argv):
        subprocess.run([str(arg) for arg in argv], check=True, capture_output=True, timeout=60)

    def account(self, **other):
        """The JSON of the service account's key file."""
        return json.dumps({"type": "service_account", "project_id": "acme", "private_key_id": "k1",
                           "private_key": (self.folder / "key.pem").read_text(), "client_email": self.email,
                           "token_uri": f"http://{self.endpoint}/token", "universe_domain": "googleapis.com", **other})

    def wrong_with(self, assertion):
        """Why the assertion is none, or None. What Google checks, and the signature with another program's code."""
        try:
            header, claims, signature = assertion.split(".")
            head, said = json.loads(decoded(header)), json.loads(decoded(claims))
        except ValueError:
            return "no JWT"
        if head != {"typ": "JWT", "alg": "RS256", "kid": "k1"}:
            return f"header {head}"
        (self.folder / "signature").write_bytes(decoded(signature))
        (self.folder / "signed").write_text(f"{header}.{claims}")
        if subprocess.run(["openssl", "dgst", "-sha256", "-verify", self.folder / "public.pem", "-signature",
                           self.folder / "signature", self.folder / "signed"], capture_output=True, check=False).returncode:
            return "Invalid JWT Signature."
        if (said["iss"], said["scope"], said["aud"]) != (self.email, SCOPE, f"http://{self.endpoint}/token"):
            return f"claims {said}"
        if not (abs(said["iat"] - time.time()) < 300 and said["exp"] - said["iat"] == 3600):
            return "Invalid JWT: token must be short-lived"
        return None

    def new_token(self):
        token = f"ya29.{len(self.tokens)}-secret"
        self.tokens[token] = time.time() + self.expires_in
        return {"access_token": token, "expires_in": self.expires_in, "token_type": "Bearer"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_arguments):
        pass

    def _answer(self, status, body, kind="application/json"):
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _error(self, status, code, message):
        self._answer(status, f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message>"
                             "</Error>".encode(), "application/xml")

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        with self.fake.lock:
            good = form.get("grant_type") == ["urn:ietf:params:oauth:grant-type:jwt-bearer"] and self.path == "/token"
            wrong = self.fake.wrong_with(form["assertion"][0]) if good else "no request for a token"
            self.fake.asked.append(("token", wrong))
            if wrong:
                return self._answer(400, {"error": "invalid_grant", "error_description": wrong})
            return self._answer(200, self.fake.new_token())

    def do_GET(self):
        with self.fake.lock:
            good = (self.headers["Metadata-Flavor"] == "Google" and self.path ==
                    "/computeMetadata/v1/instance/service-accounts/default/token?scopes=" + urllib.parse.quote(SCOPE, ""))
            self.fake.asked.append(("metadata", None if good else self.path))
            return self._answer(200, self.fake.new_token()) if good else self._answer(403, {"error": "forbidden"})

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bucket, _, key = urllib.parse.unquote(self.path).lstrip("/").partition("/")
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        with self.fake.lock:
            self.fake.asked.append(("put", token))
            if self.fake.refuse_tokens > 0 or self.fake.tokens.get(token, 0) < time.time():
                self.fake.refuse_tokens -= 1
                return self._error(401, "AuthenticationRequired", "Authentication required.")
            if bucket not in self.fake.objects:
                return self._error(404, "NoSuchBucket", "The specified bucket does not exist.")
            if bucket == "not-ours":
                return self._error(403, "AccessDenied", "Access denied.")
            if self.headers["Content-MD5"] != base64.b64encode(hashlib.md5(body).digest()).decode():
                return self._error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
            if self.headers["x-goog-if-generation-match"] != "0":
                return self._error(400, "InvalidArgument", "These tests create, they do not replace.")
            if key in self.fake.objects[bucket]:
                return self._error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
            self.fake.objects[bucket][key] = body, self.headers["Content-Type"]
            return self._answer(200, b"")
