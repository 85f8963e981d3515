#!/usr/bin/env python3
"""What the whole process takes, from its start to its end, beside programs for the same purpose.

    python3 benches/processes.py                        # builds and measures, 200 pairs a row
    python3 benches/processes.py --pairs 1000
    python3 benches/processes.py --program mine=PATH    # measures this program; may be repeated
    python3 benches/processes.py --python PATH          # a Python that has lxml and pyotp, and segno
    python3 benches/processes.py --node FOLDER          # a folder with otplib and fast-xml-parser in its node_modules

It needs Python 3.8 and nothing else on Linux or another Unix. What is not installed is left out, which stderr says:
oathtool, qrencode, Python's packages (`peer_process.py`), Node and its packages (`peer_process.cjs`). Each pair is one
run of this program and one of the other, in turn the one or the other first; a ratio is the median of the ratios of the
pairs, so what slows the machine down for a while slows both. Python and Node get fewer pairs: their starts take so long
that little else matters. Every program has an empty environment, gets its document, key or text on standard input and
writes to /dev/null. CPU is user and system time.

What is measured is a copy of the program, as installing makes one: the linker leaves its file in small pieces in the
page cache, and for as long as it is there the program takes about 5 % longer to start.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Callable, NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
STATIC = "x86_64-unknown-linux-musl"
# What Cargo takes for the static program.
STATIC_BUILD = ["--config", ".cargo/static.toml", "--target", STATIC]
# RFC 6238's key; the names and the key URI of the contract's examples.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ISSUER, ACCOUNT = "SoftProject GmbH", "john.doe@example.org"
URI = f"otpauth://totp/SoftProject%20GmbH:john.doe%40example.org?secret={SECRET}&issuer=SoftProject%20GmbH"
# qrencode: byte mode, the version that ours has (6), and pixels and border that come closest to 512x512.
QRENCODE = ["-8", "-l", "L", "-s", "10", "-m", "5", "-o", "-"]
PASSWORDS = ("GeneratePassword", "VerifyPassword")
QR_CODE = "GenerateAuthenticatorQRCode"
OPERATIONS = (*PASSWORDS, QR_CODE)
PNG = b"\x89PNG\r\n\x1a\n"
WARM_UP = 10
# Pairs at most, and runs before them that do not count, where the other one is Python or Node.
SLOW_PAIRS, SLOW_WARM_UP = 30, 2


class Run(NamedTuple):
    """One run of a program: seconds of wall and CPU time."""

    wall: float
    cpu: float


class Command(NamedTuple):
    """A program to run and what it reads."""

    arguments: list
    stdin: Path

    def run(self) -> Run:
        """Runs it to its end, which must be a good one."""
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, self.stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        ]
        start = time.perf_counter()
        child = os.posix_spawn(self.arguments[0], self.arguments, {}, file_actions=actions)
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - start
        if status != 0:
            sys.exit(f"{' '.join(self.arguments)}: ended with {status:#x}, expected 0")
        return Run(wall, usage.ru_utime + usage.ru_stime)

    def answer(self) -> bytes:
        """What it prints."""
        with self.stdin.open("rb") as stdin:
            return subprocess.run(self.arguments, stdin=stdin, stdout=subprocess.PIPE, env={}, check=True).stdout


class Peer(NamedTuple):
    """A program to measure beside: its command for an operation, with files in a folder."""

    name: str
    command: Callable[[str, Path], Command]
    slow: bool = False


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200, help="pairs of runs a row (default: 200)")
    parser.add_argument("--program", action="append", metavar="NAME=PATH", help="a program instead of our builds")
    parser.add_argument("--python", default=sys.executable, help="the Python of the peers (default: this one)")
    parser.add_argument("--node", type=Path, metavar="FOLDER", help="the folder of Node's packages")
    arguments = parser.parse_args()
    programs = dict(given.split("=", 1) for given in arguments.program or []) or build()
    peers = peers_of(arguments.python, arguments.node)

    print(f"{processor()}, {os.cpu_count()} cores, {os.uname().sysname} {os.uname().release}; medians of ", end="")
    print(f"{arguments.pairs} pairs, {min(arguments.pairs, SLOW_PAIRS)} where the other one is Python or Node\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = {name: copied(program, folder / name) for name, program in programs.items()}
        print_sizes(programs, peers[QR_CODE], folder)
        print("\nTimes in µs.\n")
        print("| program | operation | beside | wall ratio | CPU ratio | wall | its wall | CPU | its CPU |")
        print("|---|---|---|--:|--:|--:|--:|--:|--:|")
        for name, program in programs.items():
            for operation in OPERATIONS:
                for peer in peers[operation]:
                    row = measure(operation, partial(own, program), peer, folder, arguments.pairs)
                    print(f"| {' | '.join([name, operation, peer.name, *row])} |", flush=True)


def copied(program: str, place: Path) -> str:
    """A copy of a program, as installing makes one."""
    return str(shutil.copy(program, place))


def print_sizes(programs: dict, peers: list, folder: Path) -> None:
    """Prints the sizes of the programs and of the pictures that they and their peers draw."""
    print("| program | bytes | bytes of its PNG |\n|---|--:|--:|")
    for name, program in programs.items():
        print(f"| {name} | {os.path.getsize(program):,} | {len(checked(QR_CODE, partial(own, program), folder))} |")
    for peer in peers:
        print(f"| {peer.name} | | {len(checked(QR_CODE, peer.command, folder))} |")


def build() -> dict:
    """Builds the default program, and the static one where its target is installed, and gives their files."""
    programs = targets()
    for options in programs.values():
        subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", *options], cwd=PROJECT, check=True)
    folder = target_folder()
    return {name: folder.joinpath(*options[-1:], "release", "totp-adapter") for name, options in programs.items()}


def targets() -> dict:
    """The builds that are measured, with Cargo's options for each."""
    builds = {"default": []}
    library = output("rustc", "--print", "target-libdir", "--target", STATIC)
    if os.path.isdir(library.strip()):
        builds["static"] = STATIC_BUILD
    else:
        print(f"{STATIC} is not installed: left out\n")
    return builds


def bench_program(name: str, *options: str) -> str:
    """Builds a benchmark of Cargo's, and gives its file."""
    command = ["cargo", "bench", "--no-run", "--locked", "--bench", name, "--message-format", "json", *options]
    messages = map(json.loads, output(*command).splitlines())
    return next(message["executable"] for message in messages if message.get("target", {}).get("name") == name)


def target_folder() -> Path:
    """The folder that Cargo builds in."""
    return Path(json.loads(output("cargo", "metadata", "--no-deps", "--format-version", "1"))["target_directory"])


def output(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout


def processor() -> str:
    """The name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, os.uname().machine)


def peers_of(python: str, node: Path) -> dict:
    """The programs that are installed, by operation."""
    passwords, qr_codes = [], []
    for tool, command, peers in (("oathtool", oathtool, passwords), ("qrencode", qrencode, qr_codes)):
        found = shutil.which(tool)
        add(peers, Peer(tool, partial(command, found)), bool(found))
    script = partial(python_script, shutil.which(python))
    for package, peers in (("pyotp", passwords), ("segno", qr_codes)):
        add(peers, Peer(f"Python, lxml, {package}", script, slow=True), imports(python, "lxml", package))
    script = partial(node_script, shutil.which("node"), node)
    packages = ("fast-xml-parser", "otplib")
    add(passwords, Peer(", ".join(["Node", *packages]), script, slow=True), requires(node, *packages))
    return {**dict.fromkeys(PASSWORDS, passwords), QR_CODE: qr_codes}


def add(peers: list, peer: Peer, installed: bool) -> None:
    """Adds a peer, or says that it is left out."""
    if installed:
        peers.append(peer)
    else:
        print(f"{peer.name}: not installed: left out", file=sys.stderr)


def imports(python: str, *packages: str) -> bool:
    """Whether a Python has these packages."""
    command = [python, "-c", f"import {', '.join(packages)}"]
    if not shutil.which(python):
        return False
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def requires(node: Path, *packages: str) -> bool:
    """Whether there are Node and a folder with these packages."""
    return bool(shutil.which("node") and node) and all((node / "node_modules" / name).is_dir() for name in packages)


def measure(operation: str, ours: Callable, peer: Peer, folder: Path, pairs: int) -> list:
    """The ratios and times of an operation: both kinds of time, ours and the peer's."""
    for command in (ours, peer.command):
        checked(operation, command, folder)
        for _ in range(SLOW_WARM_UP if peer.slow else WARM_UP):
            command(operation, folder).run()
    runs = {ours: [], peer.command: []}
    for pair in range(min(pairs, SLOW_PAIRS) if peer.slow else pairs):
        for command in (peer.command, ours) if pair % 2 else (ours, peer.command):
            runs[command].append(command(operation, folder).run())
    row = []
    for kind in Run._fields:
        ratios = (getattr(our, kind) / getattr(their, kind) for our, their in zip(*runs.values()))
        row.append(f"{statistics.median(ratios):.3f}")
    for kind in Run._fields:
        row += (f"{statistics.median(getattr(run, kind) for run in its) * 1e6:,.0f}" for its in runs.values())
    return row


def checked(operation: str, command: Callable, folder: Path) -> bytes:
    """The answer of a program; a wrong one ends the measurement. That to a verification is the exit code."""
    before = current_password()
    answer = command(operation, folder).answer()
    right = {
        "GeneratePassword": any(password.encode() in answer for password in (before, current_password())),
        "VerifyPassword": True,
        QR_CODE: answer.startswith(PNG),
    }
    if not right[operation]:
        sys.exit(f"{' '.join(command(operation, folder).arguments)}: wrong answer: {answer[:80]}")
    return answer


def own(program: str, operation: str, folder: Path) -> Command:
    """This program."""
    names = ["--issuer", ISSUER, "--account", ACCOUNT] if operation == QR_CODE else []
    return Command([program, "--operation", operation, *names], document(operation, folder))


def oathtool(program: str, operation: str, folder: Path) -> Command:
    """A password, or its verification with one step to either side accepted; an argument with the key would be seen."""
    window = ["-w", "1", "-", current_password()] if operation == "VerifyPassword" else ["-"]
    return Command([program, "--totp", "-b", *window], file(folder, "key", SECRET + "\n"))


def qrencode(program: str, _: str, folder: Path) -> Command:
    """The key URI as PNG; it gets the URI made."""
    return Command([program, *QRENCODE], file(folder, "uri", URI))


def python_script(python: str, operation: str, folder: Path) -> Command:
    """The same answer to the same document by Python."""
    names = [ISSUER, ACCOUNT] if operation == QR_CODE else []
    return Command([python, str(PROJECT / "benches/peer_process.py"), operation, *names], document(operation, folder))


def node_script(node: str, packages: Path, operation: str, folder: Path) -> Command:
    """The same answer to the same document by Node."""
    script = str(PROJECT / "benches/peer_process.cjs")
    return Command([node, script, str(packages), operation], document(operation, folder))


def document(operation: str, folder: Path) -> Path:
    """The document of an operation; a password to verify is the current one."""
    text = f"<Secret>{SECRET}</Secret>"
    if operation == "VerifyPassword":
        text = f"<TOTP><Password>{current_password()}</Password>{text}</TOTP>"
    return file(folder, "document.xml", text)


def file(folder: Path, name: str, text: str) -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def current_password() -> str:
    """RFC 6238, section 4, with its defaults."""
    step = int(time.time()) // 30
    code = hmac.new(base64.b32decode(SECRET), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = code[-1] & 0xF
    return f"{(int.from_bytes(code[offset:offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


if __name__ == "__main__":
    main()
