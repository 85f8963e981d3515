#!/usr/bin/env python3
"""Whether the process executes more instructions or system calls than the last time that they were recorded.

    python3 benches/instructions.py             # builds the static program, counts, compares; exit code 1 for more
    python3 benches/instructions.py --record    # writes instructions.json, to be committed with the change

It needs Linux on x86-64, Rust's target x86_64-unknown-linux-musl, valgrind and strace. The time is fixed and the
environment empty: a count is the same in every run, whatever else the machine does (GenerateSecret's differs by a few,
with its entropy). callgrind counts the instructions of the program, not those of the kernel, and it has no SHA
extensions: SHA-1 is counted as software computes it.

Counts depend on the compiler and on what callgrind takes the processor for. Where these are not the recorded ones, the
commit that recorded its counts is built here too, and what is counted in it is compared with; a shallow clone has not
that commit, and says that nothing is compared.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

from processes import ACCOUNT, ISSUER, PNG, PROJECT, SECRET, STATIC, output

RECORD = PROJECT / "benches/instructions.json"
# What is more than this part of the recorded count above it is a regression, and as much below it a gain to record.
TOLERANCE = {"instructions": 0.02, "system calls": 0}
DOCUMENT = f"<Secret>{SECRET}</Secret>"
TIME = ["--now", "1111111109"]
# Of each operation: further options, the input, and how the answer begins.
OPERATIONS = {
    "GenerateSecret": ([], "", b"<Secret>"),
    "GeneratePassword": (TIME, DOCUMENT, b"<Password>081804</Password>"),
    "VerifyPassword": (TIME, f"<TOTP><Password>081804</Password>{DOCUMENT}</TOTP>", b"<Ok "),
    "GenerateAuthenticatorQRCode": (["--issuer", ISSUER, "--account", ACCOUNT], DOCUMENT, PNG),
}


def main() -> None:
    """Counts, and compares or records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write the counts instead of comparing them")
    parser.add_argument("--program", type=Path, help="a program instead of our build")
    arguments = parser.parse_args()
    where = tools()
    counts = count(arguments.program or build(PROJECT))
    if arguments.record:
        RECORD.write_text(json.dumps({"tools": where, "counts": counts}, indent=2) + "\n", encoding="ascii")
        return
    record = json.loads(RECORD.read_text(encoding="ascii"))
    if record["tools"] == where:
        sys.exit(not compare(counts, record["counts"]))
    print(f"recorded with {record['tools']}\nhere are      {where}")
    commit = recording_commit()
    if commit is None:
        print("NOT COMPARED: that takes the recorded tools, or a clone with its whole history\n")
        compare(counts, record["counts"])
        return
    sys.exit(not compare(counts, count_commit(commit)))


def tools() -> dict:
    """What the counts depend on besides the program: the compiler, valgrind, and the processor that valgrind shows."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return {
        "rustc": output("rustc", "--version").strip(),
        "valgrind": output("valgrind", "--version").strip(),
        "processor": ", ".join(flag for flag in ("sse4_2", "avx", "avx2") if flag in flags),
    }


def build(tree: Path, *options: str) -> Path:
    """Builds the static program of a source tree, and gives its file."""
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--target", STATIC, *options]
    messages = ["--message-format", "json-render-diagnostics"]
    built = subprocess.run([*command, *messages], cwd=tree, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Path(next(filter(None, (json.loads(line).get("executable") for line in built.splitlines()))))


def count(program: Path) -> dict:
    """The counts of every operation."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # What the program is called counts too, so that it is always called the same.
        shutil.copy(program, folder / "totp-adapter")
        return {
            operation: {
                "instructions": count_instructions(operation, folder),
                "system calls": count_system_calls(operation, folder),
            }
            for operation in OPERATIONS
        }


def count_instructions(operation: str, folder: Path) -> int:
    """The instructions that the process executes from its start to its end."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=log"]
    lines = log(tool, operation, folder)
    return next(int(line.split(":")[1]) for line in lines if "Collected :" in line)


def count_system_calls(operation: str, folder: Path) -> int:
    """The system calls of the process, the one that starts it among them."""
    return sum("+++" not in line for line in log(["strace", "-f", "-o", "log"], operation, folder))


def log(tool: list, operation: str, folder: Path) -> list:
    """The lines that a tool writes about an operation, whose answer must be right."""
    options, text, answer = OPERATIONS[operation]
    command = [shutil.which(tool[0]), *tool[1:], "./totp-adapter", "--operation", operation, *options]
    (folder / "input").write_text(text, encoding="ascii")
    with (folder / "input").open("rb") as stdin:
        found = subprocess.run(command, cwd=folder, stdin=stdin, stdout=subprocess.PIPE, env={}, check=True).stdout
    if not found.startswith(answer):
        sys.exit(f"{operation}: expected {answer}, found {found[:80]}")
    return (folder / "log").read_text(encoding="utf-8").splitlines()


def recording_commit() -> Optional[str]:
    """The commit that recorded its counts, if it is known."""
    # In a shallow clone the oldest commit seems to have made every file.
    if output("git", "rev-parse", "--is-shallow-repository").strip() == "true":
        return None
    return output("git", "log", "-1", "--format=%H", "--", str(RECORD)).strip() or None


def count_commit(commit: str) -> dict:
    """The counts of a commit, built with the tools that are here."""
    print(f"compared with a build of {commit}")
    with tempfile.TemporaryDirectory() as name:
        archive = subprocess.run(["git", "archive", commit], cwd=PROJECT, check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x", "-C", name], input=archive, check=True)
        return count(build(Path(name), "--target-dir", str(Path(name, "target"))))


def compare(counts: dict, before: dict) -> bool:
    """Prints the counts beside those before, and tells whether none has become more."""
    good = True
    print("| operation | count | before | now | change | |\n|---|---|--:|--:|--:|---|")
    for operation, kinds in counts.items():
        for kind, now in kinds.items():
            then, tolerance = before[operation][kind], TOLERANCE[kind]
            change = now / then - 1
            verdict = "more" if change > tolerance else "less: record it" if change < -tolerance else ""
            good = good and verdict != "more"
            print(f"| {operation} | {kind} | {then:,} | {now:,} | {change:+.1%} | {verdict} |")
    return good


if __name__ == "__main__":
    main()
