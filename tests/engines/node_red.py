"""The Node-RED flow, run for real: the page's commands, and what an HTTP client can do to it.

    python3 tests/engines/node_red.py

It needs npm, curl, zbarimg and port 18801 of the loopback interface, and Node-RED of the version that its page
installs: in the folder that NODE_RED names (npm install --prefix FOLDER node-red@…), or else npm fetches it.
"""

import base64
import hashlib
import hmac
import http.client
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import readme

# As in the page's commands.
PORT = 18801
# RFC 6238's key, and another.
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
OTHER_KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MATCHES = b'<Ok description="The password matches."/>\n'
INCORRECT = b'<Error description="The password provided is incorrect."/>\n'
UNAVAILABLE = b'<Error description="the server could not run totp-adapter"/>\n'
START_SECONDS = 60


class Reply(NamedTuple):
    """What the flow answers."""

    status: int
    kind: str
    body: bytes


class Server(NamedTuple):
    """A Node-RED that runs the flow."""

    port: int

    def post(self, path: str, body: bytes = b"", kind: str = "application/xml", method: str = "POST") -> Reply:
        """The reply to a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            response = connection.getresponse()
            return Reply(response.status, response.headers.get_content_type(), response.read())
        finally:
            connection.close()

    def qr_code(self, key: str, **names: str) -> Reply:
        """The reply to a request for the QR code of these names."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in names.items())
        return self.post(f"/totp/GenerateAuthenticatorQRCode?{query}", secret(key))


# contract 8.2a
def main() -> None:
    """Runs the page's commands, then everything else while their Node-RED runs."""
    for program in ["npm", "node", "curl", "zbarimg"]:
        if not shutil.which(program):
            raise SystemExit(f"node-red: {program} is missing")
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        private = Path(name)
        readme.run("node-red", {"TMPDIR": name}, prepare, partial(check, private))
    print("node-red: as it should be")


def prepare(folder: Path) -> None:
    """Puts Node-RED where the page's command installs it, so that npm finds nothing left to do."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError as cause:
            raise SystemExit(f"node-red: port {PORT} of 127.0.0.1 is not free: {cause}") from cause
    if "NODE_RED" in os.environ:
        installed = Path(os.environ["NODE_RED"]).resolve()
        if not (installed / "node_modules/node-red").is_dir():
            raise SystemExit("node-red: NODE_RED names a folder without node_modules/node-red")
        (folder / "node-red").symlink_to(installed)


def check(private: Path, folder: Path, _shell: readme.Shell) -> None:
    """Everything beyond the page's commands; `private` is where the flow has its files."""
    server = Server(PORT)
    issued = re.search(r"[A-Z2-7]{32}", (folder / "secret.xml").read_text())[0]
    found = decoded((folder / "qr.png").read_bytes())
    expect(found, key_uri(issued, "john.doe@example.org", "SoftProject GmbH"), "the page's QR code")
    for part in [statuses, bodies, names, unknown_operations, simultaneous_requests]:
        print(f"node-red: {part.__doc__}", flush=True)
        part(server)
    expect(os.listdir(private), [], "files that stay")
    expect([file for file in folder.rglob("injected*")], [], "files of injected commands")
    nothing_told(folder, [issued, KEY, OTHER_KEY])
    print(f"node-red: {failures.__doc__}", flush=True)
    failures(folder)


def statuses(server: Server) -> None:
    """Each operation with each of its statuses."""
    new = server.post("/totp/GenerateSecret")
    expect(new[:2], (200, "application/xml"), "GenerateSecret")
    matches(rb"<Secret>[A-Z2-7]{32}</Secret>\n", new.body)
    expect(server.post("/totp/GenerateSecret").body == new.body, False, "the same secret twice")

    password = server.post("/totp/GeneratePassword", secret(KEY))
    expect(password[:2], (200, "application/xml"), "GeneratePassword")
    expect_password(password.body, KEY)
    error(server.post("/totp/GeneratePassword", secret("GEZDGNBV0")), rb"unusable secret: .*")

    right = password.body.decode()
    expect(verify(server, right, KEY), (200, "application/xml", MATCHES), "the right password")
    expect(verify(server, right, OTHER_KEY), (403, "application/xml", INCORRECT), "another secret's password")
    error(verify(server, right, "0"), rb"unusable secret: .*")

    code = server.qr_code(KEY, issuer="SoftProject GmbH", account="John Doe")
    expect(code[:2], (200, "image/png"), "GenerateAuthenticatorQRCode")
    expect(decoded(code.body), key_uri(KEY, "John Doe", "SoftProject GmbH"), "the QR code")
    error(server.qr_code("1", account="John Doe"), rb"unusable secret: .*")
    error(server.qr_code(KEY, issuer="SoftProject GmbH"), rb".*account.*")


def bodies(server: Server) -> None:
    """Empty bodies, large ones, other encodings and content types."""
    error(server.post("/totp/GeneratePassword"), rb"not well-formed: .*empty document")
    expect(server.post("/totp/VerifyPassword"), (403, "application/xml", INCORRECT), "an empty document")
    expect(server.post("/totp/GenerateSecret", b"ignored").status, 200, "a body that is ignored")
    large = b"<Secret>" + KEY.encode() + b" " * (100 * 1024) + b"</Secret>"
    error(server.post("/totp/GeneratePassword", large), rb"[^<]*(64 KiB|65536|65,536)[^<]*")
    expect(server.post("/totp/VerifyPassword", large), (403, "application/xml", INCORRECT), "100 KiB")
    utf_16 = f'<?xml version="1.0" encoding="UTF-16"?><Secret>{KEY}</Secret>'.encode("utf-16")
    for body in [utf_16, secret(KEY)]:
        for kind in ["application/xml", "application/x-www-form-urlencoded", "application/json", "image/png"]:
            expect_password(server.post("/totp/GeneratePassword", body, kind).body, KEY)


def names(server: Server) -> None:
    """Names that a shell, an argument list or an XML document could take for something else."""
    hostile = [
        "\"'$(touch injected)`touch injected`",
        "'; touch injected; '",
        '" --output injected "',
        "--output=injected",
        "a|touch injected&touch injected>injected",
        "$HOME %PATH% \\ ^ * ? ! ~ #",
        "</account><issuer>x</issuer><account>",
        "<!-- ]]> &amp; &#65; <?x?>",
        "Jürgen Groß, 日本, 🔑",
        " blanks  around ",
        "+&=%41",
    ]
    for name in hostile:
        code = server.qr_code(KEY, issuer=name, account=name)
        expect(code[:2], (200, "image/png"), repr(name))
        expect(decoded(code.body), key_uri(KEY, name, name), repr(name))
    for name in ["two\nlines", "two\r\nlines", "a:b", "a\0b", "\ufffe", " ", ""]:
        error(server.qr_code(KEY, account=name), rb".*")
    error(server.post("/totp/GenerateAuthenticatorQRCode?account=a&account=b", secret(KEY)), rb".*")


def unknown_operations(server: Server) -> None:
    """Operations that do not exist."""
    injected = ["GeneratePassword%3Btouch%20injected", "GenerateSecret%20--overwrite", "%24(touch%20injected)"]
    for path in ["GeneratePasword", "", "%2e%2e", *injected]:
        expect(server.post(f"/totp/{path}", secret(KEY)).status, 404, path)
    expect(server.post("/totp/GeneratePassword", method="GET").status, 404, "GET")


def simultaneous_requests(server: Server) -> None:
    """Requests at the same time with different secrets."""
    keys = [base64.b32encode(bytes([number]) * 20).decode() for number in range(1, 9)]
    together = threading.Barrier(len(keys))
    wrong = []

    def ask(key: str) -> None:
        together.wait()
        for _ in range(5):
            try:
                expect_password(server.post("/totp/GeneratePassword", secret(key)).body, key)
            except (Exception, SystemExit) as cause:  # pylint: disable=broad-except
                wrong.append(str(cause))

    threads = [threading.Thread(target=ask, args=[key]) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(wrong, [], "requests at the same time")


def nothing_told(folder: Path, secrets: list) -> None:
    """Node-RED has kept no secret, neither in its log nor beside its flow; and its log has the causes."""
    log = (folder / "node-red.log").read_text()
    expect("status 403: wrong password" in log, True, "the cause in the log")
    for file in [folder / "node-red.log", *(folder / "flows").rglob("*")]:
        if file.is_file():
            content = file.read_bytes()
            for told in [*secrets, "<Password>", "<Secret>"]:
                expect(told.encode() in content, False, f"{told} in {file.name}")


def failures(folder: Path) -> None:
    """A program that is missing, killed, too slow or without a reply, a client that leaves, no room for files."""
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        place = Path(name)
        private, program = place / "private", place / "totp-adapter"
        private.mkdir()
        process, server = start(folder, place, private)
        try:
            unavailable(server, private, "the program is missing")
            pretend(program, "kill -9 $$")
            unavailable(server, private, "the program is killed")
            pretend(program, "exit 0")
            unavailable(server, private, "no reply")
            pretend(program, "exec sleep 60")
            unavailable(server, private, "the program does not end")
            pretend(program, f'stat -c "%a %n" {private}/* {private}/*/* > {place}/modes; exit 2')
            unavailable(server, private, "no reply, status -1")
            modes(place / "modes")
            pretend(program, f"touch {place}/started; sleep 2")
            client_leaves(server, place / "started", private)
            private.rmdir()
            expect(server.post("/totp/GenerateSecret")[::2], (500, UNAVAILABLE), "no folder for files")
        finally:
            process.terminate()
            process.wait()


def start(folder: Path, place: Path, private: Path) -> tuple:
    """Another Node-RED with the flow, that finds in `place` what it takes for the program."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (place / "flows").mkdir()
    shutil.copy(folder / "schemas/node-red/flow.json", place / "flows/flows.json")
    command = ["node", folder / "node-red/node_modules/node-red/red.js", "--userDir", place / "flows"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "-D", "uiHost=127.0.0.1", "-D", "httpAdminRoot=false"],
        env={**os.environ, "TMPDIR": str(private), "PATH": f"{place}{os.pathsep}{without_program()}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if Server(port).post("/totp/GenerateSecret").status != 404:
                return process, Server(port)
        except ConnectionError:
            pass
        time.sleep(0.2)
    process.kill()
    process.wait()
    raise SystemExit("node-red: the second Node-RED did not start")


def without_program() -> str:
    """The PATH without the folders that have the program."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not (Path(folder) / "totp-adapter").exists())


def pretend(program: Path, script: str) -> None:
    """Puts a script in the place of the program."""
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)


def unavailable(server: Server, private: Path, what: str) -> None:
    """The flow says that it could not run the program, and leaves no file."""
    expect(server.post("/totp/GeneratePassword", secret(KEY)), (500, "application/xml", UNAVAILABLE), what)
    expect(os.listdir(private), [], f"files that stay: {what}")


def modes(told: Path) -> None:
    """While a request lasts, only the owner can read its folder and files."""
    found = sorted((line.split()[0], Path(line.split()[1]).name) for line in told.read_text().splitlines())
    expect(found[:2], [("600", "document"), ("600", "parameters")], "modes of the files")
    expect([mode for mode, _ in found[2:]], ["700"], "mode of the folder")


def client_leaves(server: Server, started: Path, private: Path) -> None:
    """The files of a request are removed also when its client does not wait for the reply."""
    head = b"POST /totp/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    body = secret(KEY)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head % len(body) + body)
        wait(started.exists, "the program has started")
        expect(len(os.listdir(private)), 1, "folders while a request lasts")
    wait(lambda: not os.listdir(private), "the files of a client that left are removed")


def wait(condition, what: str) -> None:
    """Waits until something holds."""
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"node-red: waited in vain until {what}")
        time.sleep(0.05)


def secret(key: str) -> bytes:
    """The document of a key."""
    return f"<Secret>{key}</Secret>".encode()


def verify(server: Server, password: str, key: str) -> Reply:
    """The reply to a request to verify the password in a document."""
    return server.post("/totp/VerifyPassword", f"<TOTP>{password}<Secret>{key}</Secret></TOTP>".encode())


def key_uri(key: str, account: str, issuer: str) -> str:
    """The key URI that a QR code is to hold."""
    account, issuer = quote(account, safe=""), quote(issuer, safe="")
    return f"otpauth://totp/{issuer}:{account}?secret={key}&issuer={issuer}"


def decoded(image: bytes) -> str:
    """The text of the QR code in an image."""
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(image)
        file.flush()
        found = subprocess.run(["zbarimg", "--quiet", "--raw", file.name], capture_output=True, check=False)
    return found.stdout.decode().removesuffix("\n")


def expect_password(document: bytes, key: str) -> None:
    """The document holds the key's password of now, or of the step that has just ended."""
    now = int(time.time()) // 30
    right = [f"<Password>{password(key, step)}</Password>\n".encode() for step in [now - 1, now]]
    if document not in right:
        raise SystemExit(f"node-red: expected a password of {key}, found {document}")


def password(key: str, step: int) -> str:
    """RFC 6238's password of a time step."""
    digest = hmac.digest(base64.b32decode(key), struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, offset)[0] & 0x7FFFFFFF) % 1_000_000:06}"


def error(reply: Reply, description: bytes) -> None:
    """The reply is that of status -1, with this description."""
    expect(reply[:2], (422, "application/xml"), f"status -1, {description.decode()}: {reply.body}")
    matches(rb'<Error description="' + description + rb'"/>\n', reply.body)


def matches(pattern: bytes, found: bytes) -> None:
    """A pattern matches all of what was found."""
    if not re.fullmatch(pattern, found):
        raise SystemExit(f"node-red: expected {pattern}, found {found}")


def expect(found, expected, what: str) -> None:
    """What was found is what was expected."""
    if found != expected:
        raise SystemExit(f"node-red: {what}: expected {expected}, found {found}")


if __name__ == "__main__":
    main()
