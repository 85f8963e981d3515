"""What the tests of several instances share: an instance of the service as a process, how it is asked, codes that nobody of ours
computes, certificates."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import signal
import ssl
import subprocess
import time
from pathlib import Path

from postgresql import free_port

CLIENT = "workflow"
CLIENT_SECRET = "a secret of more than 22 characters"
# Longer than the service waits for a database that is silent.
PATIENCE = 60


def code(key: bytes, step: int) -> str:
    """The password of a step (RFC 6238, with the usual parameters)."""
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset:offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def document(key: bytes, password: str) -> bytes:
    """What VerifyPassword takes."""
    secret = base64.b32encode(key).decode()
    return f"<TOTP><Password>{password}</Password><Secret>{secret}</Secret></TOTP>".encode()


def wrong(key: bytes, width: int = 3) -> str:
    """A password that no step near the current one has."""
    step = int(time.time()) // 30
    right = {code(key, step + offset) for offset in range(-width, width + 1)}
    return next(text for text in (f"{number:06d}" for number in range(2 * width + 2)) if text not in right)


class Instance:
    """An instance of the service on a port of its own; with a context of TLS it is asked by HTTPS."""

    def __init__(self, program: str, name: str, folder: Path, state: str, sections: str, context: ssl.SSLContext | None = None):
        self.program = program
        self.name = name
        self.port = free_port()
        self.log = folder / f"{name}.log"
        self.config = folder / f"{name}.toml"
        self.context = context
        self.process = None
        (folder / "client.secret").write_text(CLIENT_SECRET)
        (folder / "client.secret").chmod(0o600)
        self.config.write_text(
            f'listen = "127.0.0.1:{self.port}"\nstate = "{state}"\n{sections}'
            f'[operations]\nclients = ["{CLIENT}"]\n[[client]]\nid = "{CLIENT}"\nsecret_file = "client.secret"\n'
        )

    def start(self, **environment: str) -> "Instance":
        """Starts it without waiting."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--config", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment},
            )
        return self

    def wait(self, ready: bool = True) -> "Instance":
        """Waits until it is ready, or until it no longer is."""
        until(lambda: self.get("/readyz") == (200 if ready else 503), f"{self.config.name} to be ready: {ready}")
        return self

    def get(self, path: str) -> int:
        """The status of a page; 0 where nobody answers."""
        return ask(self.port, "GET", path, context=self.context)[0]

    def kill(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.wait()

    def reload(self) -> None:
        """Lets it read certificates and secrets again."""
        self.process.send_signal(signal.SIGHUP)

    def end(self) -> None:
        """Ends it as systemd does."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def ask(port: int, method: str, path: str, body: bytes = b"", headers: dict = {}, timeout: float = PATIENCE,
        context: ssl.SSLContext | None = None) -> tuple:
    """Status and body of an answer; 0 where there is none."""
    if context:
        connection = http.client.HTTPSConnection("localhost", port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def token_form() -> bytes:
    """What asks for a token."""
    secret = CLIENT_SECRET.replace(" ", "+")
    return f"grant_type=client_credentials&client_id={CLIENT}&client_secret={secret}".encode()


def token(port: int) -> str:
    """A token of an instance."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, body = ask(port, "POST", "/oauth2/token", token_form(), headers)
    assert status == 200, (status, body)
    return json.loads(body)["access_token"]


def basic(user: str, password: str) -> str:
    """Credentials by HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def until(holds, what: str, seconds: int = PATIENCE) -> None:
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s for {what}")
        time.sleep(0.05)


def authority(folder: Path) -> None:
    """An authority and a certificate of it for localhost."""
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test")
    certificate(folder)


def certificate(folder: Path) -> None:
    """A certificate of the authority, in the place of the one that is there, each file as a whole."""
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "new.key", "-out", "server.csr", "-subj", "/CN=Server")
    (folder / "names").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl(folder, "x509", "-req", "-in", "server.csr", "-out", "new.pem", *signed)
    for name in ("ca.pem", "new.pem"):
        (folder / name).chmod(0o644)
    (folder / "new.key").chmod(0o600)
    (folder / "new.key").rename(folder / "server.key")
    (folder / "new.pem").rename(folder / "server.pem")


def openssl(folder: Path, *arguments: str) -> None:
    """Runs openssl in a folder."""
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)
