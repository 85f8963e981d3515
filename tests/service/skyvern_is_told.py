"""Holds that `push skyvern` says what Skyvern's own client says, and that a real mail system can use it (contract 12.2, 12.3).

    python skyvern_is_told.py target/debug/totp-adapter

Skyvern 1.0.56 comes from PyPI: `pip install --no-deps skyvern==1.0.56`, and for its client `httpx pydantic pydantic-settings
"structlog<24" python-dotenv pyjwt cachetools sqlalchemy email-validator pyotp`. Debian's procmail hands over a mail, by the lines
of the page. The last line says that all went well.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# This file has the name of the package.
sys.path.pop(0)
from skyvern.client.client import Skyvern  # noqa: E402
from skyvern.forge.sdk.schemas.totp_codes import TOTPCode, TOTPCodeCreate  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "schemas/skyvern/README.md"
KEY = "eyJhbGciOiJIUzI1NiJ9.e30.key-of_the-test"
SECRET = "<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>"
STATUSES = {"unknown-task": 400, "denied": 403, "unavailable": 500, "wrong": 422}


class Recorder(BaseHTTPRequestHandler):
    """Answers as Skyvern's server does, and keeps what came."""

    protocol_version = "HTTP/1.1"
    requests = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        # By the server's own description of what it takes and gives.
        data = TOTPCodeCreate.model_validate_json(body)
        status = STATUSES.get(data.task_id, 200)
        answer = json.dumps({"detail": "no"}) if status != 200 else TOTPCode(
            **data.model_dump(), totp_code_id="otp_1", code=data.content.strip()[:10], organization_id="o_1",
            created_at="2026-01-01T00:00:00Z", modified_at="2026-01-01T00:00:00Z").model_dump_json()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        """Tells nobody."""


def push(program, base, key_file, arguments, document):
    """Runs the program and returns what came of it."""
    command = [program, "push", "skyvern", "--url", base, "--api-key-file", key_file, *arguments]
    return subprocess.run(command, input=document, capture_output=True, check=False, env={}, timeout=120)


def last():
    """The last request without the fields in which clients differ."""
    path, headers, body = Recorder.requests[-1]
    return path, headers["x-api-key"], headers["content-type"], body


# contract 12.2a, 12.2b
def same_as_the_client(program, base, key_file):
    client = Skyvern(api_key=KEY, base_url=base)
    cases = [
        {"totp_identifier": "me@example.org", "content": "123456"},
        {"totp_identifier": "+15551234567", "content": "Your code: 123456\r\n", "source": "sms"},
        {"totp_identifier": "jö\"hn\\/", "content": "ü/\u2028\u2029\x7f\x01\b\f\t😀<&>'\"", "task_id": "tsk_1",
         "workflow_id": "wpid_1", "workflow_run_id": "wr_1", "source": "app"},
    ]
    for case in cases:
        client.send_totp_code(**case)
        expected = last()
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in case.items() if name != "content"]
        arguments = [argument.replace("--totp-identifier", "--identifier") for argument in arguments]
        ran = push(program, base, key_file, [*arguments, "--content"], case["content"].encode())
        assert ran.stdout == b'<Ok description="The password was delivered."/>\n' and not ran.stderr, ran
        assert last() == expected, (last(), expected)


# contract 12.2c, 12.2e
def a_password_is_taken_as_the_code(program, base, key_file):
    ran = push(program, base, key_file, ["--identifier", "me"], SECRET.encode())
    assert ran.returncode == 0, ran
    sent = TOTPCodeCreate.model_validate_json(Recorder.requests[-1][2])
    assert re.fullmatch("[0-9]{6}", sent.content) and sent.source == "app", sent


# contract 12.2g, 12.3g
def refusals(program, base, key_file):
    for task, code in [("unknown-task", 65), ("denied", 77), ("unavailable", 75), ("wrong", 65)]:
        arguments = ["--identifier", "me", "--task-id", task, "--content", "--exit-code", "mda"]
        ran = push(program, base, key_file, arguments, b"123456")
        assert ran.returncode == code and ran.stdout.startswith(b"<Error "), ran
        assert KEY.encode() not in ran.stderr and b"123456" not in ran.stderr, ran


# contract 12.3a, 12.3c
def procmail(program, base, folder, key_file):
    if not shutil.which("procmail"):
        assert "REQUIRE_INTEROPERABILITY" not in os.environ, "procmail is missing"
        print("SKIPPED: procmail is missing", file=sys.stderr)
        return
    lines = re.search("```procmail\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    lines = lines.replace("totp-adapter", program, 1).replace("https://api.skyvern.com", base)
    lines = lines.replace("$HOME/skyvern.key", key_file)
    rules = folder / "procmailrc"
    rules.write_text(f"MAILDIR={folder}\nDEFAULT={folder}/inbox\nSHELL=/bin/sh\nLOGFILE={folder}/log\n{lines}", encoding="utf-8")
    rules.chmod(0o600)
    mail = ("From: Shop <no-reply@shop.example>\nTo: me@example.org\nSubject: =?utf-8?q?Ihr_Code?=\nMIME-Version: 1.0\n"
            "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
            "<style>p {color: #999999}</style><p>F=C3=BCr Sie:</p><table><td>123456</td><td>10 Minuten</td></table>\n")
    before = len(Recorder.requests)
    for message in [mail, mail.replace("no-reply@shop", "somebody@else")]:
        subprocess.run(["procmail", str(rules)], input=message.encode(), check=True, timeout=120)
    log = (folder / "log").read_text(encoding="utf-8")
    assert len(Recorder.requests) == before + 1, (Recorder.requests[before:], log)
    sent = TOTPCodeCreate.model_validate_json(Recorder.requests[-1][2])
    assert (sent.totp_identifier, sent.source, sent.content) == ("me@example.org", "email", "Für Sie:\n123456 10 Minuten"), sent
    # A copy of each is in the mailbox.
    assert (folder / "inbox").read_text(encoding="utf-8").count("Subject: ") == 2
    assert "123456" not in log and KEY not in log, log


def main(program):
    program = str(Path(program).resolve())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key_file = str(folder / "skyvern.key")
        Path(key_file).write_text(f"{KEY}\n", encoding="utf-8")
        same_as_the_client(program, base, key_file)
        a_password_is_taken_as_the_code(program, base, key_file)
        refusals(program, base, key_file)
        procmail(program, base, folder, key_file)
    print("ok: push skyvern says what Skyvern's own client says")


main(*sys.argv[1:])
