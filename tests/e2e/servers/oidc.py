# SPDX-License-Identifier: Apache-2.0
"""An identity provider on loopback, as Kubernetes is one: says where its keys are, and gives tokens that it signs with RS256."""
import base64
import hashlib
import http.server
import json
import pathlib
import subprocess
import threading
import time

AUDIENCE = "sts.amazonaws.com"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class IdentityProvider:
    """Use it as a context manager."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._server = None

    def __enter__(self):
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2", "-keyout",
                      "oidc.key", "-out", "oidc.pem")
        self.certificate = self._openssl("x509", "-in", "oidc.pem", "-outform", "DER")
        self.thumbprint = hashlib.sha1(self.certificate).hexdigest().upper()
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()

    def _openssl(self, *argv, data=None):
        return subprocess.run(["openssl", *argv], input=data, check=True, capture_output=True, cwd=self.folder, timeout=60).stdout

    def token(self, subject="system:serviceaccount:default:qtap", seconds=600):
        now = int(time.time())
        claims = {"iss": f"http://{self.host}", "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + seconds}
        parts = [{"alg": "RS256", "typ": "JWT", "kid": "1"}, claims]
        text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return f"{text}.{encoded(self._openssl('dgst', '-sha256', '-sign', 'oidc.key', data=text.encode()))}"


class _Handler(http.server.BaseHTTPRequestHandler):
    provider = None

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        issuer = f"http://{self.provider.host}"
        answers = {"/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/certs"},
                   "/certs": {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
                                        "x5c": [base64.b64encode(self.provider.certificate).decode()]}]}}
        body = json.dumps(answers.get(self.path, {})).encode()
        self.send_response(200 if self.path in answers else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
