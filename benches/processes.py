#!/usr/bin/env python3
"""What the whole process takes, from its start to its end, beside programs for the same purpose.

    python3 benches/processes.py                        # builds and measures, 200 pairs a row
    python3 benches/processes.py --pairs 1000
    python3 benches/processes.py --program mine=PATH    # measures this program; may be repeated

It needs Python 3.8 and nothing else on Linux or another Unix. oathtool and qrencode are measured where they are
installed. Each pair is one run of this program and one of the other, in turn the one or the other first; a ratio is
the median of the ratios of the pairs, so what slows the machine down for a while slows both. Every program has an
empty environment, gets its key or text on standard input and writes to /dev/null. CPU is user and system time.
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
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
STATIC = "x86_64-unknown-linux-musl"
# RFC 6238's key; the names and the key URI of the contract's examples.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ISSUER, ACCOUNT = "SoftProject GmbH", "john.doe@example.org"
URI = f"otpauth://totp/SoftProject%20GmbH:john.doe%40example.org?secret={SECRET}&issuer=SoftProject%20GmbH"
# qrencode: byte mode, the version that ours has (6), and pixels and border that come closest to 512x512.
QRENCODE = ["qrencode", "-8", "-l", "L", "-s", "10", "-m", "5", "-o", "-"]
WARM_UP = 10


class Run(NamedTuple):
    """One run of a program: seconds of wall and CPU time."""

    wall: float
    cpu: float


class Command(NamedTuple):
    """A program to run, what it reads and the exit code that is right."""

    arguments: list
    stdin: Path
    expected: int = 0

    def run(self) -> Run:
        """Runs it to its end."""
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, self.stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        ]
        start = time.perf_counter()
        child = os.posix_spawn(self.arguments[0], self.arguments, {}, file_actions=actions)
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - start
        if os.WEXITSTATUS(status) != self.expected or os.WIFSIGNALED(status):
            sys.exit(f"{' '.join(self.arguments)}: exit code {status >> 8}, expected {self.expected}")
        return Run(wall, usage.ru_utime + usage.ru_stime)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200, help="pairs of runs a row (default: 200)")
    parser.add_argument("--program", action="append", metavar="NAME=PATH", help="a program instead of our builds")
    arguments = parser.parse_args()
    programs = dict(given.split("=", 1) for given in arguments.program or []) or build()

    print(f"{processor()}, {os.cpu_count()} cores, {os.uname().sysname} {os.uname().release}\n")
    print("| program | bytes |\n|---|--:|")
    for name, program in programs.items():
        print(f"| {name} | {os.path.getsize(program):,} |")
    print("\nMedians; times in µs.\n")
    print("| program | operation | beside | wall ratio | CPU ratio | wall | its wall | CPU | its CPU |")
    print("|---|---|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, program in programs.items():
            for operation in (generate_password, verify_password, generate_authenticator_qr_code):
                measure(name, str(Path(program).resolve()), operation, Path(folder), arguments.pairs)


def build() -> dict:
    """Builds the default program, and the static one where its target is installed, and gives their files."""
    programs = targets()
    for options in programs.values():
        subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", *options], cwd=PROJECT, check=True)
    folder = target_folder()
    return {name: folder.joinpath(*options[1:], "release", "totp-adapter") for name, options in programs.items()}


def targets() -> dict:
    """The builds that are measured, with Cargo's options for each."""
    builds = {"default": []}
    library = output("rustc", "--print", "target-libdir", "--target", STATIC)
    if os.path.isdir(library.strip()):
        builds["static"] = ["--target", STATIC]
    else:
        print(f"{STATIC} is not installed: left out\n")
    return builds


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


def measure(name: str, program: str, operation, folder: Path, pairs: int) -> None:
    """Prints the row of an operation, or why there is none."""
    peer = shutil.which("qrencode" if operation is generate_authenticator_qr_code else "oathtool")
    if peer is None:
        print(f"{operation.__name__}: the program to compare with is not installed: left out", file=sys.stderr)
        return
    for _ in range(WARM_UP):
        for command in operation(program, peer, folder):
            command.run()
    ours, theirs = [], []
    for pair in range(pairs):
        our_command, their_command = operation(program, peer, folder)
        if pair % 2:
            theirs.append(their_command.run())
            ours.append(our_command.run())
        else:
            ours.append(our_command.run())
            theirs.append(their_command.run())
    wall = statistics.median(our.wall / their.wall for our, their in zip(ours, theirs))
    cpu = statistics.median(our.cpu / their.cpu for our, their in zip(ours, theirs))
    times = [
        statistics.median(getattr(run, kind) for run in runs) * 1e6 for kind in Run._fields for runs in (ours, theirs)
    ]
    title = "".join(word.capitalize() for word in operation.__name__.split("_")).replace("Qr", "QR")
    row = [name, title, os.path.basename(peer), f"{wall:.2f}", f"{cpu:.2f}", *(f"{value:,.0f}" for value in times)]
    print(f"| {' | '.join(row)} |", flush=True)


def generate_password(program: str, oathtool: str, folder: Path) -> tuple:
    """The current password of a secret."""
    return (
        Command([program, "--operation", "GeneratePassword"], document(folder, f"<Secret>{SECRET}</Secret>")),
        Command([oathtool, "--totp", "-b", "-"], key(folder)),
    )


def verify_password(program: str, oathtool: str, folder: Path) -> tuple:
    """A password that matches, one step to either side accepted."""
    password = current_password()
    totp = f"<TOTP><Password>{password}</Password><Secret>{SECRET}</Secret></TOTP>"
    return (
        Command([program, "--operation", "VerifyPassword"], document(folder, totp)),
        Command([oathtool, "--totp", "-b", "-w", "1", "-", password], key(folder)),
    )


def generate_authenticator_qr_code(program: str, qrencode: str, folder: Path) -> tuple:
    """The key URI as PNG; qrencode gets it made."""
    options = ["--operation", "GenerateAuthenticatorQRCode", "--issuer", ISSUER, "--account", ACCOUNT]
    return (
        Command([program, *options], document(folder, f"<Secret>{SECRET}</Secret>")),
        Command([qrencode, *QRENCODE[1:]], file(folder, "uri", URI)),
    )


def document(folder: Path, text: str) -> Path:
    """A document for this program."""
    return file(folder, "document.xml", text)


def key(folder: Path) -> Path:
    """The key for oathtool: as an argument everyone could read it."""
    return file(folder, "key", SECRET + "\n")


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
