"""Holds that `push webhook` works with Verity's own message and an OAuth 2 server that no one here wrote (contract 13.1, 13.5).

    python verity.py target/debug/totp-adapter

From PyPI: `pip install --no-deps verity-sdk==0.6.1` builds the message (`base58 requests` for its imports; its wallet, vdrtools, is a
stub here), `authlib flask` are the token server and the guard of the webhook. The last line says that all went well.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
import types
from pathlib import Path

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

for name in ["", ".crypto", ".did", ".error", ".wallet"]:
    stub = types.ModuleType(f"vdrtools{name}")
    stub.__getattr__ = lambda _: type("Stub", (), {})
    sys.modules[stub.__name__] = stub

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector  # noqa: E402
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants  # noqa: E402
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator  # noqa: E402
from flask import Flask, request  # noqa: E402
from verity_sdk.protocols.v0_6.UpdateEndpoint import UpdateEndpoint  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

CLIENT, SECRET = "workflow", "aaGxxc Gi6kb+6Ax&I=e/ü"


class Client(ClientMixin):
    """The one client, which sends its secret in the body."""

    def get_client_id(self):
        return CLIENT

    def check_client_secret(self, client_secret):
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_post"

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope):
        return ""


class Token(TokenMixin):
    """A token that was issued, and whether it was taken back."""

    def __init__(self, text, lifetime):
        self.text, self.end, self.revoked = text, time.time() + lifetime, False

    def get_scope(self):
        return ""

    def is_expired(self):
        return time.time() > self.end

    def is_revoked(self):
        return self.revoked


class World:
    """Token server and webhook."""

    def __init__(self):
        self.tokens, self.documents, self.forms, self.revoke_first = {}, [], [], False
        app = Flask("verity")
        app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"client_credentials": 3600}
        server = AuthorizationServer(app, query_client=lambda name: Client() if name == CLIENT else None,
                                     save_token=self.save)
        server.register_token_generator("default", BearerTokenGenerator(lambda **_: os.urandom(24).hex()))
        grant = type("Grant", (grants.ClientCredentialsGrant,), {"TOKEN_ENDPOINT_AUTH_METHODS": ["client_secret_post"]})
        server.register_grant(grant)
        validator = type("Validator", (BearerTokenValidator,),
                         {"authenticate_token": lambda _, text: self.tokens.get(text)})
        protector = ResourceProtector()
        protector.register_token_validator(validator())

        @app.post("/token")
        def token():
            self.forms.append((request.content_type, "Authorization" in request.headers, list(request.form)))
            return server.create_token_response()

        @app.post("/messages")
        def messages():
            if self.revoke_first:
                self.revoke_first = False
                for issued in self.tokens.values():
                    issued.revoked = True
            with protector.acquire():
                self.documents.append((request.content_type, request.get_data()))
            return "", 202

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def save(self, token, _):
        self.tokens[token["access_token"]] = Token(token["access_token"], token["expires_in"])


def message(base, secret=SECRET):
    """The message as Verity's SDK builds it."""
    authentication = {"type": "OAuth2", "version": "v1", "data": {
        "url": f"{base}/token", "grant_type": "client_credentials", "client_id": CLIENT, "client_secret": secret}}
    context = types.SimpleNamespace(endpoint_url=f"{base}/messages", sdk_verkey="verkey")
    return UpdateEndpoint(authentication).update_endpoint_msg(context)


def push(program, folder, configuration, document, *arguments):
    """Runs the program and returns what came of it."""
    file = folder / "authentication.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    command = [program, "push", "webhook", "--authentication", str(file), *arguments]
    ran = subprocess.run(command, input=document, capture_output=True, check=False, env={}, timeout=120)
    assert SECRET.encode() not in ran.stderr + ran.stdout, ran
    return ran


DELIVERED = b'<Ok description="The document was delivered."/>\n'


# contract 13.1b, 13.1j, 13.5a, 13.5b
def a_document_arrives(program, folder, world):
    whole = message(world.base)
    method = whole["comMethod"]
    url = ["--url", method["value"]]
    for configuration, arguments in [(whole, []), (method, []), (method["authentication"], url), (whole, url)]:
        ran = push(program, folder, configuration, b'{"a": "\xc3\xbc"}\n', *arguments)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, DELIVERED, b""), ran
        assert world.documents.pop() == ("application/json", b'{"a": "\xc3\xbc"}\n')
        assert world.forms.pop() == (
            "application/x-www-form-urlencoded", False, ["grant_type", "client_id", "client_secret"])
    assert not world.documents


# contract 13.1i
def a_token_that_was_taken_back_is_replaced(program, folder, world):
    world.revoke_first = True
    before = len(world.tokens)
    ran = push(program, folder, message(world.base), b"{}")
    assert ran.stdout == DELIVERED, ran
    assert len(world.tokens) == before + 2 and world.documents.pop() == ("application/json", b"{}")


# contract 13.1c, 13.1h
def refusals(program, folder, world):
    ran = push(program, folder, message(world.base, "another"), b"{}")
    assert ran.returncode == 2 and b"from the token server, found 400 (invalid_client)" in ran.stdout, ran
    fixed = {"type": "OAuth2", "version": "v2", "data": {"token": "unknown"}}
    ran = push(program, folder, fixed, b"{}", "--url", f"{world.base}/messages")
    assert ran.returncode == 2 and b"found 401" in ran.stdout, ran
    good = next(text for text, token in world.tokens.items() if not token.revoked)
    fixed["data"]["token"] = good
    ran = push(program, folder, fixed, b"{}", "--url", f"{world.base}/messages")
    assert ran.stdout == DELIVERED and len(world.documents) == 1, ran


def main(program):
    world = World()
    with tempfile.TemporaryDirectory() as name:
        arguments = str(Path(program).resolve()), Path(name), world
        a_document_arrives(*arguments)
        a_token_that_was_taken_back_is_replaced(*arguments)
        refusals(*arguments)
    print("ok: push webhook works with Verity's message and authlib's tokens")


main(*sys.argv[1:])
