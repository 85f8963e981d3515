#!/usr/bin/env python3
"""What the service takes for a request, beside a bare echo on axum (`echo.rs`).

    python3 benches/service.py                              # builds and measures, three rounds of 8 s a row
    python3 benches/service.py --postgres postgres://…      # also with the state there, in a schema that it may empty
    python3 benches/service.py --rounds 1 --seconds 3

It needs Linux, wrk and Python 3.8. The load comes from wrk in a process of its own, with 64 connections on one thread. As wrk
takes a core for itself, requests per second say more about the machine than about the server: the ratio is of requests per
second of processor time of the server, in rounds in which the servers take turns.

Every verification has the right password of a step that was not used before, so that each is judged, written and answered with a
match: of 100,000 users whom the state has met, or of users who are new to it. The database's own processor time is not in the figures.

Of multi-factor codes, 100,000 requests and more are open while they are verified, each with a destination of its own: each time the
right code, or two wrong ones for each request before the right one. They are put into the state as the service would have: to send as
many takes longer. Codes are sent through a webhook, the bare echo.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple, Optional

from processes import PROJECT, bench_program, output, processor, target_folder

CONNECTIONS = 64
STEP = 30
USERS = 100_000
MOST_PER_SECOND = 60_000
IDLE = 1000
SKYVERN_KEY = "an-api-key"
SKYVERN_QUESTION = '{"task_id":"tsk_123","workflow_run_id":"wr_9","workflow_permanent_id":"wpid_7"}'
MFA_KEY = bytes(32)
RIGHT_CODE = "123456"
MFA_TOKEN = "a-token-of-more-than-22-characters"
MFA_HEADERS = """
wrk.headers["Authorization"] = "Basic %s"
wrk.headers["Content-Type"] = "application/json"
""" % base64.b64encode(f"project:{MFA_TOKEN}".encode()).decode()
NEIGHBOURS = """
accounts = "accounts"
[[skyvern]]
path = "billing"
account = "billing"
api_key_file = "skyvern.key"
[[delivery]]
name = "echo"
kind = "webhook"
url = "http://{echo}/echo"
[mfa]
project = "project"
token_file = "mfa.token"
key_file = "mfa.key"
sms = "echo"
"""
SECRET = "<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>"


class Server:
    """A server that runs until it is stopped."""

    def __init__(self, command: list, log: Path) -> None:
        self.log = log.open("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def seconds(self) -> float:
        """The processor time that it has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """What it has resident, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1000


def echo(folder: Path) -> tuple:
    """The bare server and its address."""
    server = Server([bench_program("echo", "--features", "serve")], folder / "echo.log")
    return server, server.process.stdout.readline().decode().strip()


def service(program: Path, folder: Path, state: str, level: str, deliveries: str) -> tuple:
    """The service, which sends codes to an address, and its own address."""
    configuration = folder / "totp-adapter.toml"
    (folder / "accounts").mkdir()
    (folder / "accounts" / "billing.xml").write_text(SECRET)
    (folder / "skyvern.key").write_text(SKYVERN_KEY)
    (folder / "mfa.token").write_text(MFA_TOKEN)
    (folder / "mfa.key").write_bytes(MFA_KEY)
    configuration.write_text(f'state = "{state}"\n{NEIGHBOURS.replace("{echo}", deliveries)}')
    log = folder / "service.log"
    options = ["--config", str(configuration), "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", level]
    # The address is taken beforehand, since a quiet log does not say it.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % taken.getsockname()[1]
    options[3] = address
    server = Server([str(program), "serve", *options], log)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection(address.split(":"), timeout=1).close()
            return server, address
        except OSError:
            time.sleep(0.05)
    sys.exit(f"the service does not listen: {log.read_text()}")


class Result(NamedTuple):
    """What wrk has measured."""

    per_second: float
    per_cpu_second: float
    p99: float
    failed: int


def load(server: Server, address: str, path: str, script: str, folder: Path, seconds: int) -> Result:
    """Asks for so many seconds."""
    lua = folder / "load.lua"
    lua.write_text(script + REPORT)
    before = server.seconds()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(lua), f"http://{address}{path}"]
    said = output(*command)
    spent = server.seconds() - before
    requests, duration, p99, failed = map(float, re.search(r"RESULT (\S+) (\S+) (\S+) (\S+)", said).groups())
    return Result(requests / duration, requests / spent, p99, int(failed))


REPORT = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %f %f %d\\n", summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""

POST = 'wrk.method = "POST"\nwrk.body = "%s"\n'

# Skyvern signs what it asks.
QUESTION = """
wrk.method = "POST"
wrk.body = '%s'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["x-skyvern-signature"] = "%s"
"""

# Each request has the next line of the file.
LINES = """
local lines = io.lines("%s")
request = function()
  local line = lines()
  if not line then error("no more documents") end
  return wrk.format("POST", nil, nil, line)
end
"""


# The same for codes: each line has the path and the body.
CODES = MFA_HEADERS + """
local lines = io.lines("%s")
request = function()
  local line = lines()
  if not line then error("no more codes") end
  local id, code = line:match("(%%S+) (%%S+)")
  return wrk.format("POST", "/api/relay/rest/mfa/" .. id .. "/verify", nil, '{"token":"' .. code .. '"}')
end
"""

# Each code goes to another number.
SENDS = MFA_HEADERS + """
local number = %d
request = function()
  number = number + 1
  return wrk.format("POST", nil, nil, string.format('{"to":"+4930%%09d"}', number))
end
"""


def password(key: bytes, step: int) -> str:
    """RFC 6238 with SHA-1 and six digits."""
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset:offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


class Documents:
    """Verifications with right passwords, each a password that was not used before."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "documents"
        self.next = int.from_bytes(os.urandom(6), "big") << 20
        self.sent = 0

    def keys(self, count: int) -> list:
        """So many that nobody has seen."""
        first, self.next = self.next, self.next + count
        return [hashlib.sha1(number.to_bytes(16, "big")).digest() for number in range(first, self.next)]

    def of_new_users(self, seconds: int) -> str:
        """The script that sends the passwords of as many as may come in this time."""
        keys = self.keys(MOST_PER_SECOND * seconds)
        step = self.step(seconds)
        return self.write((key, step) for key in keys)

    def of_known_users(self, program: Path, state: str, seconds: int) -> str:
        """The script that sends three passwords of everybody, whom the state has met with a wrong one."""
        keys = self.keys(USERS)
        command = [program, "stream", "--operation", "VerifyPassword", "--state", state, "--attempts", "0"]
        wrong = "".join(document(key, "000000") for key in keys)
        subprocess.run(command, input=wrong.encode(), stdout=subprocess.DEVNULL, check=True)
        step = self.step(seconds)
        return self.write((key, near) for near in (step - 1, step, step + 1) for key in keys)

    def of_open_requests(self, state: Path, seconds: int, codes: list) -> str:
        """The script that offers each of these codes for all of many requests: for more than can come in this time."""
        ids = [uuid.uuid4() for _ in range(max(USERS, MOST_PER_SECOND * seconds // len(codes)))]
        expires = int(time.time()) + 86_400
        keys = self.keys(len(ids))
        sent = struct.pack(">q", int(time.time()))
        connection = sqlite3.connect(state, timeout=60)
        with connection:
            kept = (hmac.digest(MFA_KEY, number.bytes + RIGHT_CODE.encode(), "sha256") for number in ids)
            requests = ((number.bytes, hashlib.sha256(key).digest(), code, 3, expires) for number, key, code in zip(ids, keys, kept))
            connection.executemany("INSERT INTO mfa (id, destination, code, attempts, expires) VALUES (?, ?, ?, ?, ?)", requests)
            destinations = ((hashlib.sha256(key).digest(), b"", sent, b"", expires) for key in keys)
            connection.executemany("INSERT INTO mfa (destination, id, sends, guesses, expires) VALUES (?, ?, ?, ?, ?)", destinations)
        connection.close()
        with self.file.open("w") as file:
            file.writelines(f"{number} {code}\n" for code in codes for number in ids)
        return CODES % self.file

    def of_new_numbers(self, seconds: int) -> str:
        """The script that sends a code to another number each time."""
        first, self.sent = self.sent, self.sent + MOST_PER_SECOND * seconds
        return SENDS % first

    @staticmethod
    def step(seconds: int) -> int:
        """The current step, in which there is time enough to write all and to send for so many seconds."""
        left = STEP - time.time() % STEP
        if left < seconds + 8:
            time.sleep(left)
        return int(time.time()) // STEP

    def write(self, guesses) -> str:
        """Writes them, and returns the script that sends them."""
        with self.file.open("w") as file:
            file.writelines(document(key, password(key, step)) for key, step in guesses)
        return LINES % self.file


def document(key: bytes, code: str) -> str:
    """A line of its own."""
    return f"<TOTP><Password>{code}</Password><Secret>{base64.b32encode(key).decode()}</Secret></TOTP>\n"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each row is measured (default: 3)")
    parser.add_argument("--seconds", type=int, default=8, help="how long each time, at most 20 (default: 8)")
    parser.add_argument("--program", type=Path, help="a program instead of our build")
    parser.add_argument("--postgres", metavar="URL", help="a database for the state, too")
    parser.add_argument("--folder", type=Path, help="where the state is (default: Cargo's target folder)")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    program = arguments.program or build()
    print(f"{processor()}, {os.cpu_count()} cores, {os.uname().sysname} {os.uname().release}; medians of {arguments.rounds} rounds\n")
    with tempfile.TemporaryDirectory(dir=arguments.folder or target_folder()) as name:
        folder = Path(name)
        rows = measure(program, folder, arguments)
    bare = statistics.median(result.per_cpu_second for result in rows["echo"])
    print("| | per s | per CPU-s | beside the echo | p99, ms | failed |\n|---|--:|--:|--:|--:|--:|")
    for row, results in rows.items():
        middle = [statistics.median(column) for column in zip(*results)]
        print(f"| {row} | {middle[0]:,.0f} | {middle[1]:,.0f} | {middle[1] / bare:.2f} | {middle[2]:.1f} | {sum(r.failed for r in results)} |")


def build() -> Path:
    """Builds the program with the service."""
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "--features", "serve"], cwd=PROJECT, check=True)
    return target_folder() / "release" / "totp-adapter"


def measure(program: Path, folder: Path, arguments: argparse.Namespace) -> dict:
    """All rows, in turns; then what is resident."""
    documents = Documents(folder)
    servers = {"echo": echo(folder)}
    for row, state, level in (("quiet", "quiet.db", "error"), ("log", "log.db", "info"), ("codes", "codes.db", "error")):
        (folder / row).mkdir()
        servers[row] = service(program, folder / row, state, level, servers["echo"][1])
    if arguments.postgres:
        (folder / "postgres").mkdir()
        servers["postgres"] = service(program, folder / "postgres", arguments.postgres, "error", servers["echo"][1])
    rows = {}
    for _ in range(arguments.rounds):
        for row, of, path, script in loads(program, folder, arguments.postgres, documents, arguments.seconds):
            server, address = servers[of]
            result = load(server, address, path, script(), folder, arguments.seconds)
            rows.setdefault(row, []).append(result)
    server, address = servers["quiet"]
    of_codes = [name for name in rows if name.startswith("MFA")]
    others = [name for name in rows if not name.startswith(("MFA", "echo")) and "log" not in name]
    asked = lambda names: sum(int(result.per_second * arguments.seconds) for name in names for result in rows[name])
    print(f"resident after {asked(of_codes):,} requests of multi-factor codes: {servers['codes'][0].memory():.1f} MB; ", end="")
    print(f"after {asked(others):,} others: {server.memory():.1f} MB; ", end="")
    before = server.memory()
    host, port = address.split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(IDLE)]
    time.sleep(1)
    print(f"with {IDLE} idle connections {server.memory() - before:.1f} MB more\n")
    for connection in idle:
        connection.close()
    for server, _ in servers.values():
        server.stop()
    return rows


def loads(program: Path, folder: Path, postgres: Optional[str], documents: Documents, seconds: int):
    """The rows: name, server, path, and what makes the script."""
    post = lambda body: lambda: POST % body
    known = lambda state: lambda: documents.of_known_users(program, state, seconds)
    new = lambda: documents.of_new_users(seconds)
    yield "echo", "echo", "/echo", post(SECRET)
    yield "GeneratePassword", "quiet", "/x4/GeneratePassword", post(SECRET)
    yield "GeneratePassword, a line of the log each", "log", "/x4/GeneratePassword", post(SECRET)
    signature = hmac.digest(SKYVERN_KEY.encode(), SKYVERN_QUESTION.encode(), "sha256").hex()
    yield "Skyvern asks", "quiet", "/skyvern/billing", lambda: QUESTION % (SKYVERN_QUESTION, signature)
    state = folder / "codes" / "codes.db"
    wrong = ["000000", "000001"]
    for row, codes in (("", [RIGHT_CODE]), (" after two wrong ones", [*wrong, RIGHT_CODE])):
        yield f"MFA code verified{row}, SQLite", "codes", "/", lambda codes=codes: documents.of_open_requests(state, seconds, codes)
    yield "MFA code sent to a webhook", "codes", "/api/relay/rest/mfa/sms", lambda: documents.of_new_numbers(seconds)
    path = "/x4/VerifyPassword"
    yield "VerifyPassword, SQLite", "quiet", path, known(str(folder / "quiet" / "quiet.db"))
    yield "VerifyPassword, SQLite, new users", "quiet", path, new
    if postgres:
        yield "VerifyPassword, PostgreSQL", "postgres", path, known(postgres)
        yield "VerifyPassword, PostgreSQL, new users", "postgres", path, new


if __name__ == "__main__":
    main()
