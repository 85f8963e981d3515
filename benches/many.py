#!/usr/bin/env python3
"""What `stream` and `batch` take for many documents, beside a Python loop and a plain copy.

    python3 benches/many.py                             # builds and measures, nine pairs a row
    python3 benches/many.py --python PATH               # a Python that has lxml and pyotp
    python3 benches/many.py --program mine=PATH         # measures this program; may be repeated
    python3 benches/many.py --documents 100000 --pairs 3 stream

It needs Linux and Python 3.8; what it measures beside has to be there: lxml and pyotp for `stream` (`peer.py`), Rust
for `batch` (`plain_copy.rs`). Each pair is one run of this program and one of the other, in turn the one or the other
first; a ratio is the median of the ratios of the pairs, so what slows the machine down for a while slows both. CPU is
user and system time. Memory is the most that was resident, as the system has counted it when all is done and the
program waits for more: the figure that it leaves when it ends would include that of the process that has started it.
"""

import argparse
import base64
import filecmp
import hashlib
import hmac
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

from processes import PROJECT, Run, bench_program, build, processor, target_folder, targets

NOW = 1_111_111_109
STEP = 30
# The peer takes so much longer that a tenth of the lines has to do.
PEER_SHARE = 10
# Times that the lines are sent to see whether memory grows.
REPEATED = 10
FILES = 10_000
FEW_FILES, MANY_FILES = 1_000, 100_000
OPERATIONS = ("GeneratePassword", "VerifyPassword")
# A program that has used no processor time for so long is done.
QUIET_SECONDS = 1
MEMORY = Path("/dev/shm")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["stream", "batch"], help="only this (default: both)")
    parser.add_argument("--documents", type=int, default=1_000_000, help="lines of a stream (default: 1000000)")
    parser.add_argument("--pairs", type=int, default=9, help="pairs of runs a row (default: 9)")
    parser.add_argument("--program", action="append", metavar="NAME=PATH", help="a program instead of our builds")
    parser.add_argument("--python", default=sys.executable, help="the Python of the peer (default: this one)")
    parser.add_argument("--folder", type=Path, help="where files are written (default: Cargo's target folder)")
    arguments = parser.parse_args()
    given = dict(given.split("=", 1) for given in arguments.program or [])
    programs = {name: str(Path(program).resolve()) for name, program in (given or build()).items()}
    # Secrets come out of these; the same ones each time.
    source = random.Random(6238)

    print(f"{processor()}, {os.cpu_count()} cores, {os.uname().sysname} {os.uname().release}; medians of ", end="")
    print(f"{arguments.pairs} pairs")
    with tempfile.TemporaryDirectory(dir=arguments.folder or target_folder(), prefix="many-") as folder:
        if arguments.what != "batch":
            measure_stream(programs, arguments, source, Path(folder))
        if arguments.what != "stream":
            builds = targets()
            copies = {name: bench_program("plain_copy", *builds.get(name, [])) for name in programs}
            measure_batch(programs, copies, arguments.pairs, source, Path(folder))


def measure_stream(programs: dict, arguments: argparse.Namespace, source: random.Random, folder: Path) -> None:
    """Prints the tables of `stream`."""
    documents = {operation: folder / operation for operation in OPERATIONS}
    for operation, file in documents.items():
        write_lines(file, arguments.documents, operation, source)
    print(f"\n`stream`, {arguments.documents:,} documents; `--jobs 1` beside the peer in documents per CPU second,")
    print("all cores beside `--jobs 1` in documents per second\n")
    print("| program | operation | CPU ratio | rate | its rate | all cores ratio | rate | rate of `--jobs 1` |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for name, program in programs.items():
        for operation, file in documents.items():
            cells = [*beside_peer(program, operation, file, arguments), *all_cores(program, operation, file, arguments)]
            print_row(name, operation, *cells)
    print("\n| program | operation | lines | memory |\n|---|---|--:|--:|")
    for name, program in programs.items():
        for operation, file in documents.items():
            for times in (1, REPEATED):
                memory = stream_memory(program, operation, file, times)
                print_row(name, operation, f"{arguments.documents * times:,}", f"{memory / 1e6:.1f} MB")


def measure_batch(programs: dict, copies: dict, pairs: int, source: random.Random, folder: Path) -> None:
    """Prints the tables of `batch`."""
    print(f"\n`batch`, GeneratePassword, {FILES:,} files, beside a plain copy; times in ms\n")
    print("| program | file system | wall ratio | CPU ratio | wall | its wall | CPU | its CPU |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else folder) as memory:
        for place in (folder, Path(memory)):
            kind = file_system(place)
            inputs = place / "inputs"
            write_files(inputs, FILES, source)
            for name, program in programs.items():
                print_row(name, kind, *beside_copy(program, copies[name], inputs, place, pairs))
        print("\n| program | files | memory | more a file |\n|---|--:|--:|--:|")
        for name, program in programs.items():
            few, many = (batch_memory(program, files, source, Path(memory)) for files in (FEW_FILES, MANY_FILES))
            print_row(name, f"{FEW_FILES:,}", f"{few / 1e6:.2f} MB", "")
            growth = (many - few) / (MANY_FILES - FEW_FILES)
            print_row(name, f"{MANY_FILES:,}", f"{many / 1e6:.2f} MB", f"{growth:.0f} B")


def print_row(*cells: str) -> None:
    """Prints a row of a table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def write_lines(file: Path, number: int, operation: str, source: random.Random) -> None:
    """Writes documents, each with a secret of its own; of the passwords every third one matches."""
    with file.open("w", encoding="ascii") as lines:
        for index in range(number):
            key = source.getrandbits(160).to_bytes(20, "big")
            document = f"<Secret>{base64.b32encode(key).decode()}</Secret>"
            if operation == "VerifyPassword":
                # Those that match do so for the step before, the current one and the one after, in turn.
                matching = password(key, NOW + STEP * (index // 3 % 3 - 1)) if index % 3 == 0 else None
                document = f"<TOTP><Password>{matching or f'{source.randrange(10**6):06}'}</Password>{document}</TOTP>"
            lines.write(document + "\n")


def password(key: bytes, at: int) -> str:
    """RFC 6238, section 4, with its defaults."""
    code = hmac.new(key, (at // STEP).to_bytes(8, "big"), hashlib.sha1).digest()
    offset = code[-1] & 0xF
    return f"{(int.from_bytes(code[offset:offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def write_files(folder: Path, number: int, source: random.Random) -> None:
    """Writes documents into a folder of their own."""
    folder.mkdir()
    for index in range(number):
        secret = base64.b32encode(source.getrandbits(160).to_bytes(20, "big")).decode()
        (folder / f"user-{index:06}.xml").write_text(f"<Secret>{secret}</Secret>\n", encoding="ascii")


def stream(program: str, operation: str, *options: str) -> list:
    """The command for a stream."""
    return [program, "stream", "--operation", operation, "--now", str(NOW), *options]


def run(arguments: list, stdin: str, stdout: str = os.devnull) -> Run:
    """Runs a program to its end."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    start = time.perf_counter()
    child = os.posix_spawn(arguments[0], arguments, {}, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(arguments)}: ended with {status:#x}, expected 0")
    return Run(wall, usage.ru_utime + usage.ru_stime)


def in_pairs(pairs: int, ours: Callable[[], Run], theirs: Callable[[], Run]) -> tuple:
    """The runs of the one and the other, after one of each that does not count."""
    ours(), theirs()
    runs = {ours: [], theirs: []}
    for pair in range(pairs):
        for program in (theirs, ours) if pair % 2 else (ours, theirs):
            runs[program].append(program())
    return runs[ours], runs[theirs]


def ratio(ours: list, theirs: list, kind: str) -> str:
    """The median of the ratios of the pairs, ours by theirs."""
    return f"{statistics.median(getattr(our, kind) / getattr(their, kind) for our, their in zip(ours, theirs)):.2f}"


def median(runs: list, kind: str) -> float:
    """The median of the runs."""
    return statistics.median(getattr(run, kind) for run in runs)


def beside_peer(program: str, operation: str, documents: Path, arguments: argparse.Namespace) -> tuple:
    """The cells of one thread beside the Python loop: ratio and rates per CPU second."""
    lines = arguments.documents // PEER_SHARE
    some = documents.with_suffix(".some")
    with documents.open("rb") as whole, some.open("wb") as part:
        part.writelines(line for line, _ in zip(whole, range(lines)))
    peer = [arguments.python, str(PROJECT / "benches/peer.py"), operation, str(NOW)]
    ours = stream(program, operation, "--jobs", "1")
    modules = [arguments.python, "-c", "import lxml, pyotp"]
    if subprocess.run(modules, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print(f"{arguments.python} has no lxml and pyotp: left out", file=sys.stderr)
        return "", f"{arguments.documents / run(ours, str(documents)).cpu:,.0f}", ""
    check_same(ours, peer, some)
    # The time that Python takes to start and to load its modules is none of the loop's.
    start = statistics.median(run(peer, os.devnull).cpu for _ in range(arguments.pairs))
    our_runs, peer_runs = in_pairs(arguments.pairs, lambda: run(ours, str(documents)), lambda: run(peer, str(some)))
    our_rates = [arguments.documents / its.cpu for its in our_runs]
    peer_rates = [lines / (its.cpu - start) for its in peer_runs]
    by_pair = statistics.median(our / its for our, its in zip(our_rates, peer_rates))
    return f"{by_pair:.1f}", *(f"{statistics.median(rates):,.0f}" for rates in (our_rates, peer_rates))


def check_same(ours: list, peer: list, documents: Path) -> None:
    """Ends the measurement where the programs do not give the same answers."""
    answers = [documents.with_suffix(ending) for ending in (".ours", ".peer")]
    for command, file in zip((ours, peer), answers):
        run(command, str(documents), str(file))
    if not filecmp.cmp(*answers, shallow=False):
        sys.exit(f"the answers to {documents.name} are not the same: {answers[0]}, {answers[1]}")


def all_cores(program: str, operation: str, documents: Path, arguments: argparse.Namespace) -> tuple:
    """The cells of all cores beside one thread: ratio and rates per second."""
    def one_run(*options: str) -> Run:
        return run(stream(program, operation, *options), str(documents))

    every, one = in_pairs(arguments.pairs, one_run, lambda: one_run("--jobs", "1"))
    rates = (f"{arguments.documents / median(runs, 'wall'):,.0f}" for runs in (every, one))
    return ratio(one, every, "wall"), *rates


def stream_memory(program: str, operation: str, documents: Path, times: int) -> int:
    """The most memory for the lines of a file, sent so many times, in bytes."""
    command = stream(program, operation)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}) as process:
        for _ in range(times):
            with documents.open("rb") as lines:
                shutil.copyfileobj(lines, process.stdin, 2**20)
        process.stdin.flush()
        memory = most_memory(process.pid)
        process.stdin.close()
    return memory


def batch_memory(program: str, files: int, source: random.Random, folder: Path) -> int:
    """The most memory for a folder of files, in bytes."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        inputs, outputs = Path(place, "inputs"), Path(place, "outputs")
        write_files(inputs, files, source)
        command = [*batch(program, outputs), "--files-from", "-"]
        # The list does not end before the memory has been looked at.
        with subprocess.Popen(command, stdin=subprocess.PIPE, env={}) as process:
            process.stdin.write(os.fsencode(inputs) + b"\n")
            process.stdin.flush()
            memory = most_memory(process.pid)
            process.stdin.close()
        check_all(outputs, files)
    return memory


def most_memory(process: int) -> int:
    """The most memory of a process that has done all it can do and waits, in bytes."""
    used, before = cpu(process), -1
    while used != before:
        time.sleep(QUIET_SECONDS)
        used, before = cpu(process), used
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def cpu(process: int) -> int:
    """The processor time of a process, in ticks."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def batch(program: str, outputs: Path) -> list:
    """The command for files."""
    return [program, "batch", "--operation", "GeneratePassword", "--quiet", "--output-dir", str(outputs)]


def beside_copy(program: str, copy: str, inputs: Path, place: Path, pairs: int) -> tuple:
    """The cells of a folder beside a plain copy of it: ratios and times.

    Each run has a new folder, and on a disk all of them stay until the end: for a minute ext4 looks past every inode
    that has been freed, and a run that comes after a removal takes up to ten times as long.
    """
    def one_run(command: Callable[[Path], list]) -> Run:
        outputs = Path(tempfile.mkdtemp(dir=place), "outputs")
        os.sync()
        measured = run(command(outputs), os.devnull)
        check_all(outputs, FILES)
        if file_system(place) == "tmpfs":
            shutil.rmtree(outputs)
        return measured

    def ours() -> Run:
        return one_run(lambda outputs: [*batch(program, outputs), str(inputs)])

    def theirs() -> Run:
        return one_run(lambda outputs: [copy, str(os.cpu_count()), str(inputs), str(outputs)])

    our_runs, their_runs = in_pairs(pairs, ours, theirs)
    times = [f"{median(runs, kind) * 1e3:,.0f}" for kind in Run._fields for runs in (our_runs, their_runs)]
    return *(ratio(our_runs, their_runs, kind) for kind in Run._fields), *times


def check_all(outputs: Path, files: int) -> None:
    """Ends the measurement where an output is missing."""
    found = len(os.listdir(outputs))
    if found != files:
        sys.exit(f"{outputs}: {found} outputs, expected {files}")


def file_system(folder: Path) -> str:
    """The kind of the file system that a folder is on."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    above = [str(folder), *map(str, folder.parents)]
    kinds = dict(mounts)
    return next((kinds[point] for point in above if point in kinds), "unknown")


if __name__ == "__main__":
    main()
