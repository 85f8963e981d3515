"""SignalWire's own SDK has codes sent and verified by a running service (contract 14), also in the script of the page.

    python signalwire_mfa.py target/debug/totp-adapter

It needs `signalwire-sdk==3.7.5` and what its REST client imports. Codes leave by a command, which writes them into a file, as a person's
telephone would show them. The last line says that all went well.
"""

import contextlib
import io
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from signalwire.rest import RestClient

PAGE = Path(__file__).resolve().parents[2] / "schemas/signalwire/README.md"
PROJECT = "7b3a5c1e-0000-4000-8000-000000000000"
TOKEN = "PT0123456789abcdef0123456789abcdef"
NUMBER = "+15551234567"
CONFIGURATION = """
listen = "127.0.0.1:0"
state = "state.db"
[[delivery]]
name = "gateway"
kind = "command"
command = ["/bin/sh", "-c", "umask 077; cat > outbox/$1-$2", "-", "{channel}", "{id}"]
[[delivery]]
name = "broken"
kind = "command"
command = ["/bin/false"]
[mfa]
project = "PROJECT"
token_file = "mfa.token"
key_file = "mfa.key"
sms = "gateway"
call = "gateway"
sends = 1000
guesses = 1000
""".replace("PROJECT", PROJECT)


class Person:
    """Whom the codes are for."""

    def __init__(self, folder: Path) -> None:
        self.outbox = folder / "outbox"
        self.outbox.mkdir(mode=0o700)

    def text(self, answer: dict) -> str:
        """What came for this request."""
        return (self.outbox / f"{answer['channel']}-{answer['id']}").read_text()

    def code(self, answer: dict) -> str:
        """The code in it."""
        return re.sub(r"[, ]", "", self.text(answer).split(":", 1)[1])


def refused(call, status: int) -> dict:
    """The body of an answer that the SDK raises for."""
    try:
        found = call()
    except Exception as error:  # The SDK's own type has both.
        assert getattr(error, "status_code", None) == status, error
        body = error.body
        return json.loads(body) if isinstance(body, str) else body
    raise AssertionError(f"expected {status}, found {found}")


def another(code: str) -> str:
    """A wrong code of the same length."""
    return ("1" if code[0] != "1" else "2") + code[1:]


def check(client: RestClient, person: Person) -> None:
    """The whole table of the API."""
    mfa = client.mfa
    sent = mfa.sms(to=NUMBER)
    assert sent == {"id": sent["id"], "success": True, "to": NUMBER, "channel": "sms"}, sent
    assert re.fullmatch(r"Your Personal Authorization Code is: [0-9]{6}", person.text(sent)), person.text(sent)
    code = person.code(sent)
    assert mfa.verify(sent["id"], token=another(code)) == {"success": False}
    assert mfa.verify(sent["id"], token=f" {code[:3]} {code[3:]} ") == {"success": True}
    assert refused(lambda: mfa.verify(sent["id"], token=code), 404) == {"error": "Not Found"}

    called = mfa.call(to=NUMBER, from_="+15557654321", message="Code:", token_length=20, allow_alphas=True)
    assert called["channel"] == "call"
    assert re.fullmatch(r"Code: [0-9A-HJ-NP-Z](, [0-9A-HJ-NP-Z]){19}", person.text(called)), person.text(called)
    assert mfa.verify(called["id"], token=person.code(called).lower()) == {"success": True}

    spent = mfa.sms(to=NUMBER, max_attempts=1, valid_for=604800)
    code = person.code(spent)
    assert mfa.verify(spent["id"], token=another(code)) == {"success": False}
    assert refused(lambda: mfa.verify(spent["id"], token=code), 404) == {"error": "Not Found"}
    assert refused(lambda: mfa.verify("00000000-0000-4000-8000-000000000000", token=code), 404) == {"error": "Not Found"}

    wrong = refused(lambda: mfa.sms(to="15551234567", token_length=3, valid_for=0, max_attempts=21, message="x" * 161), 422)
    assert [error["title"] for error in wrong["errors"]] == ["Invalid Attribute"] * 5, wrong
    assert {error["code"] for error in wrong["errors"]} == {error["status"] for error in wrong["errors"]} == {"422"}
    empty = mfa.sms(to=NUMBER)
    assert "errors" in refused(lambda: mfa.verify(empty["id"], token=" "), 422)
    assert mfa.verify(empty["id"], token=person.code(empty)) == {"success": True}

    # Thirty-two at once with the right code: one is right.
    raced = mfa.sms(to=NUMBER)
    code = person.code(raced)

    def race(_: int) -> str:
        try:
            return str(mfa.verify(raced["id"], token=code)["success"])
        except Exception as error:
            return str(error.status_code)

    with ThreadPoolExecutor(32) as pool:
        found = sorted(pool.map(race, range(32)))
    assert found == ["404"] * 31 + ["True"], found


def check_page(host: str, folder: Path, person: Person) -> None:
    """The script of the page, as a person answers it."""
    script = re.search("```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    for shown, real in [('"shop"', repr(PROJECT)), ("127.0.0.1:6238", host), ("mfa.token", str(folder / "mfa.token"))]:
        assert script.count(shown) == 1, (shown, script)
        script = script.replace(shown, real)
    names = {}
    names["input"] = lambda _: person.code(names["sent"])
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(script, str(PAGE), "exec"), names)
    assert said.getvalue() == "{'success': True}\n", said.getvalue()


def main(program: str) -> None:
    """Starts the service, and asks it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        person = Person(folder)
        (folder / "t.toml").write_text(CONFIGURATION)
        (folder / "mfa.token").write_text(TOKEN + "\n")
        (folder / "mfa.token").chmod(0o600)
        command = [str(Path(program).resolve()), "serve", "--config", "t.toml", "--log-format", "json"]
        service = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
        log = []
        try:
            for line in service.stderr:
                log.append(line)
                if '"listening"' in line:
                    break
            host = re.search(r'"address":"([^"]+)"', log[-1]).group(1)
            check(RestClient(project=PROJECT, token=TOKEN, host=host), person)
            check_page(host, folder, person)
            stranger = RestClient(project=PROJECT, token="wrong", host=host)
            assert refused(lambda: stranger.mfa.sms(to=NUMBER), 401) == {"error": "Unauthorized"}
        finally:
            service.terminate()
            log.extend(service.stderr)
            assert service.wait(60) == 0
        written = "".join(log)
        for secret in [NUMBER, NUMBER[1:], TOKEN, *(text.read_text() for text in person.outbox.iterdir())]:
            assert secret not in written, "a secret is in the log"
    print("ok: SignalWire's SDK sends and verifies codes")


main(*sys.argv[1:])
