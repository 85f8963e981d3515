#!/usr/bin/env python3
"""One verification of a one-time password: the service beside privacyIDEA, on one machine in one run.

    python3 benches/privacyidea.py                          # installs, builds and measures, three rounds of 5 s a row
    python3 benches/privacyidea.py --folder F               # keeps the installation of privacyIDEA in F for the next run
    python3 benches/privacyidea.py --program PATH --rounds 1 --seconds 3

It needs Linux, wrk, Python 3.10 with venv, and PyPI for the first run. It writes only to the folder and, without --program, to
Cargo's target folder.

The service answers POST /x4/VerifyPassword. privacyIDEA answers POST /validate/check behind gunicorn, with one sync worker a core,
and its dependencies have the versions that its package pins. Both keep their state in SQLite on the same disk. Every password is
right and was not used before, and every answer must say that it matched; otherwise the script fails. The service has met its users
before. privacyIDEA has a TOTP token for every request of all rounds, each with its own key and without a user and a PIN, so no PIN
is hashed. The servers take turns, and each has a second of warm-up before the first round.

Both log as they do by default, which is one line a request for the service. privacyIDEA also writes an audit entry for each request,
and signs the entry and the answer with RSA. Its second row has what its documentation names to make it faster: nothing is signed,
it logs errors only, rereads its configuration once a minute, and keeps its connections to the audit's database.

Processor time and resident memory are those of all processes of a server; a page that several of them share counts once.
The requests that wrk leaves without an answer at its end count only in requests per second of processor time.
"""

import argparse
import json
import os
import platform
import secrets
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import venv
from pathlib import Path
from typing import NamedTuple, Optional

import service
from processes import output, processor
from service import Documents, Server, password

PRIVACYIDEA, GUNICORN = "3.14", "27.0.1"
CONNECTIONS, THREADS = 16, 2
OURS, DEFAULT, FASTER = "totp-adapter", "privacyIDEA", "privacyIDEA, faster settings"
# Tokens for each second of load and each core.
TOKENS_PER_SECOND = 50
WARM_UP = 1

# What privacyIDEA's documentation asks for; UUID and log would be outside the folder otherwise.
CONFIGURATION = """
SUPERUSER_REALM = ["super"]
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/{name}.db"
SECRET_KEY = "{secret}"
PI_PEPPER = "{pepper}"
PI_ENCFILE = "{folder}/enckey"
PI_AUDIT_KEY_PRIVATE = "{folder}/private.pem"
PI_AUDIT_KEY_PUBLIC = "{folder}/public.pem"
PI_LOGFILE = "{folder}/{name}.log"
PI_NODE_UUID = "b5a7d1c0-5f0e-4c53-9d0c-3c2a8f6f3c11"
"""

FASTER_SETTINGS = """
PI_ENGINE_REGISTRY_CLASS = "shared"
PI_LOGLEVEL = 40
PI_CHECK_RELOAD_CONFIG = 60
PI_AUDIT_NO_SIGN = True
PI_NO_RESPONSE_SIGN = True
"""

APPLICATION = 'privacyidea.app:create_app(config_name="production", config_file="{}")'

# Enrols a token for each line of standard input. One transaction for many tokens spares most of the time.
ENROL = """
import sys
from privacyidea.app import create_app

app = create_app(config_name="production", config_file=sys.argv[1], silent=True)

from privacyidea.lib.token import init_token
from privacyidea.models import db

with app.app_context(), app.test_request_context():
    commit, db.session.commit = db.session.commit, db.session.flush
    for number, line in enumerate(sys.stdin, 1):
        serial, key = line.split()
        init_token({"serial": serial, "type": "totp", "otpkey": key, "otplen": 6, "hashlib": "sha1", "timeStep": 30})
        if number % 100 == 0:
            commit()
            db.session.expunge_all()
    commit()
"""

# Each thread sends its own share of the lines, and counts the answers that are not the expected one.
LOAD = """
local threads = {}
function setup(thread)
  thread:set("share", #threads)
  table.insert(threads, thread)
end

local lines
wrong, example = 0, ""
function init()
  lines = io.lines("%(file)s")
  for _ = 1, share do lines() end
end

function request()
  local line = lines()
  for _ = 2, %(threads)d do lines() end
  if not line then error("no more requests") end
  return wrk.format("POST", nil, nil, line)
end

function response(status, headers, body)
  if status == 200 and body:find('%(expected)s', 1, true) then return end
  wrong, example = wrong + 1, status .. " " .. body
end

function done(summary, latency, requests)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("wrong")
    if thread:get("wrong") > 0 then io.write(thread:get("example"), "\\n") end
  end
  io.write(string.format('RESULT{"requests": %%d, "seconds": %%f, "p99": %%f, "failed": %%d}\\n', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1e3, failed))
end
"""


class Result(NamedTuple):
    """One row in one round."""

    per_second: float
    per_cpu_second: float
    p99: float
    resident: float


class Peer(NamedTuple):
    """A server, where it is asked, what a right answer of it contains, and the database with its audit."""

    server: Server
    url: str
    expected: str
    database: Optional[Path] = None

    def processes(self) -> list:
        """The server's process and its workers."""
        main = self.server.process.pid
        return [main, *Path(f"/proc/{main}/task/{main}/children").read_text().split()]

    def seconds(self) -> float:
        """The processor time that all of them have taken."""
        stats = (Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split() for process in self.processes())
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """What all of them have resident, in MB."""
        lines = (line.split() for process in self.processes() for line in open(f"/proc/{process}/smaps_rollup"))
        return sum(int(line[1]) for line in lines if line[0] == "Pss:") / 1000

    def audited(self) -> int:
        """How many requests the audit has."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30) as database:
            return database.execute("SELECT count(*) FROM pidea_audit").fetchone()[0]

    def settle(self) -> None:
        """Waits until the server is idle: done with the requests that wrk has left behind."""
        before = -1.0
        while self.seconds() - before > 0.015:
            before = self.seconds()
            time.sleep(1)

    def load(self, lines: Path, seconds: int) -> Result:
        """Sends the requests of a file for some seconds."""
        script = lines.with_suffix(".lua")
        script.write_text(LOAD % {"file": lines, "threads": THREADS, "expected": self.expected})
        processes, before, entries = self.processes(), self.seconds(), self.database and self.audited()
        options = [f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
        said = output("wrk", *options, "-H", "Content-Type: application/x-www-form-urlencoded", self.url)
        memory = self.memory()
        self.settle()
        spent = self.seconds() - before
        result = json.loads(said.rpartition("RESULT")[2])
        answered = handled = result["requests"]
        if result["failed"] or not answered:
            sys.exit(f"{self.url}: {result['failed']} of {answered} answers were not a match or did not come: {said}")
        if self.processes() != processes:
            sys.exit(f"{self.url}: a worker was replaced during the load")
        if self.database:
            # A slow server also spends time on the last requests, whose answers wrk does not wait for: as many as connections.
            handled = self.audited() - entries
            if not answered <= handled <= answered + CONNECTIONS:
                sys.exit(f"{self.url}: {handled} entries in the audit for {answered} answers")
        return Result(answered / result["seconds"], handled / spent, result["p99"], memory)


class Tokens:
    """The tokens of privacyIDEA, and requests with the password of each."""

    def __init__(self, folder: Path, count: int) -> None:
        self.file = folder / "requests"
        self.all = [(f"BENCH{number:07}", secrets.token_bytes(20)) for number in range(count)]

    def enrolment(self) -> str:
        """Serial numbers and keys."""
        return "".join(f"{serial} {key.hex()}\n" for serial, key in self.all)

    def write(self, first: int, count: int, seconds: int) -> Path:
        """The file of requests with some of the tokens, and passwords of now."""
        step = Documents.step(seconds)
        bodies = ({"serial": serial, "pass": password(key, step)} for serial, key in self.all[first:first + count])
        self.file.write_text("".join(urllib.parse.urlencode(body) + "\n" for body in bodies))
        return self.file


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each row is measured (default: 3)")
    parser.add_argument("--seconds", type=int, default=5, help="how long each time, at most 20 (default: 5)")
    parser.add_argument("--program", type=Path, help="a program instead of our build")
    parser.add_argument("--folder", type=Path, help="where everything is written (default: a temporary folder)")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    program = (arguments.program or service.build()).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        binaries = install(folder)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            rows = measure(program, binaries, Path(work), arguments)
    print(f"{processor()}, {os.cpu_count()} cores, {os.uname().sysname} {os.uname().release}; ", end="")
    print(f"medians of {arguments.rounds} rounds of {arguments.seconds} s, {CONNECTIONS} connections; ", end="")
    print(f"{output(str(program), '--version').strip()}, privacyIDEA {PRIVACYIDEA}, gunicorn {GUNICORN}, ", end="")
    print(f"{os.cpu_count()} workers, Python {platform.python_version()}\n")
    print("| | per s | per CPU-s | p99, ms | resident, MB |\n|---|--:|--:|--:|--:|")
    for row, results in rows.items():
        middle = Result(*map(statistics.median, zip(*results)))
        rates = (f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}" for rate in middle[:2])
        print(f"| {row} | {' | '.join(rates)} | {middle.p99:,.1f} | {middle.resident:.0f} |")


def install(folder: Path) -> Path:
    """The folder of privacyIDEA's programs, installed as its documentation says: with the dependencies that it pins."""
    home = folder / f"privacyidea-{PRIVACYIDEA}-gunicorn-{GUNICORN}"
    complete = home / "complete"
    if not complete.exists():
        venv.create(home, clear=True, with_pip=True)
        pinned = home / "lib" / "privacyidea" / "requirements.txt"
        for what in (["--no-deps", f"privacyidea=={PRIVACYIDEA}"], ["-r", str(pinned)], [f"gunicorn=={GUNICORN}"]):
            pip = [str(home / "bin" / "pip"), "--quiet", "--disable-pip-version-check", "--no-cache-dir", "install"]
            subprocess.run([*pip, *what], check=True, stdout=sys.stderr, env={**os.environ, "TMPDIR": str(folder)})
        complete.touch()
    return home / "bin"


def measure(program: Path, binaries: Path, folder: Path, arguments: argparse.Namespace) -> dict:
    """All rows, in turns."""
    share = TOKENS_PER_SECOND * os.cpu_count() * arguments.seconds
    tokens = Tokens(folder, share * (arguments.rounds + 1))
    configurations = set_up(binaries, folder, tokens)
    documents = Documents(folder)
    state = str(folder / "state.db")
    servers = []
    try:
        server, address = service.service(program, folder, state, "info")
        servers.append(server)
        peers = {OURS: Peer(server, f"http://{address}/x4/VerifyPassword", "The password matches.")}
        for row, configuration in configurations.items():
            server, address = privacyidea(binaries, folder, configuration)
            servers.append(server)
            peers[row] = Peer(server, f"http://{address}/validate/check", '"value": true', configuration.with_suffix(".db"))
            wait(peers[row])
        rows = {row: [] for row in peers}
        for number in range(arguments.rounds + 1):
            seconds = arguments.seconds if number else WARM_UP
            for row, peer in peers.items():
                if row == OURS:
                    lines = of_known_users(documents, program, state, seconds)
                else:
                    lines = tokens.write(number * share, share, seconds)
                result = peer.load(lines, seconds)
                print(f"{row}, round {number or 'of warm-up'}: {result}", file=sys.stderr)
                if number:
                    rows[row].append(result)
        return rows
    finally:
        for server in servers:
            server.stop()


def of_known_users(documents: Documents, program: Path, state: str, seconds: int) -> Path:
    """The file of right passwords of users whom the state has met, without those for whom one of them would be refused."""
    documents.of_known_users(program, state, seconds)
    lines = documents.file.read_text().splitlines(keepends=True)
    count = len(lines) // 3
    # About one user in 300,000 has 000000, with which the state has met everybody, or has a password twice.
    users = filter(distinct, zip(lines[:count], lines[count:2 * count], lines[2 * count:]))
    documents.file.write_text("".join(line for step in zip(*users) for line in step))
    return documents.file


def distinct(user: tuple) -> bool:
    """Whether the documents of a user have different passwords, none of which the state may have met."""
    codes = {line.partition("</Password>")[0][-6:] for line in user}
    return len(codes) == len(user) and "000000" not in codes


def set_up(binaries: Path, folder: Path, tokens: Tokens) -> dict:
    """privacyIDEA's configurations, each with a database that has all tokens."""
    keys = {"secret": secrets.token_hex(24), "pepper": secrets.token_hex(12)}
    default, faster = folder / "default.cfg", folder / "faster.cfg"
    default.write_text(CONFIGURATION.format(folder=folder, name="default", **keys))
    faster.write_text(CONFIGURATION.format(folder=folder, name="faster", **keys) + FASTER_SETTINGS)
    administrator = ["admin", "add", "administrator", "--password", secrets.token_hex(12)]
    environment = {**os.environ, "PRIVACYIDEA_CONFIGFILE": str(default), "TMPDIR": str(folder)}
    for command in (["setup", "create_enckey"], ["setup", "create_audit_keys"], ["setup", "create_tables"], administrator):
        run([str(binaries / "pi-manage"), *command], folder, env=environment)
    run([str(binaries / "python"), "-c", ENROL, str(default)], folder, input=tokens.enrolment(), env=environment)
    shutil.copy(folder / "default.db", folder / "faster.db")
    return {DEFAULT: default, FASTER: faster}


def run(command: list, folder: Path, **options) -> None:
    """Runs a command; what it says is shown only when it fails."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stdout}")


def privacyidea(binaries: Path, folder: Path, configuration: Path) -> tuple:
    """privacyIDEA and its address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % taken.getsockname()[1]
    options = ["--workers", str(os.cpu_count()), "--bind", address, "--worker-tmp-dir", str(folder), "--no-control-socket"]
    command = [str(binaries / "gunicorn"), *options, "--chdir", str(folder), APPLICATION.format(configuration)]
    return Server(command, configuration.with_suffix(".gunicorn.log")), address


def wait(peer: Peer) -> None:
    """Returns when the workers have started and one of them answers."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            # A missing token is an error for privacyIDEA, but an answer.
            urllib.request.urlopen(peer.url, b"serial=none&pass=000000", timeout=60).close()
            break
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.1)
    else:
        sys.exit(f"{peer.url} does not answer: {Path(peer.server.log.name).read_text()}")
    peer.settle()


if __name__ == "__main__":
    main()
