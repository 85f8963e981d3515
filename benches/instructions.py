#!/usr/bin/env python3
"""Whether the process executes more instructions or system calls, or is interrupted more often to get at its memory, than
the last time that this was recorded.

    python3 benches/instructions.py             # builds the static program, counts, compares; exit code 1 for more
    python3 benches/instructions.py --record    # writes instructions.json, to be committed with the change

It needs Linux on x86-64, Rust's target x86_64-unknown-linux-musl, valgrind and strace. The environment is empty, and the time
fixed where there is a password to verify: a count is the same in every run, whatever else the machine does (GenerateSecret's
differs by a few, with its entropy). callgrind counts the instructions of the program, not those of the kernel, and it has no SHA
extensions: SHA-1 is counted as software computes it. Page faults are the fewest of several runs: how many they are depends
a little on how the system keeps the program's file.

A verification costs the same whether the first of its candidates matches, the last, or none (contract 3.2). This is
counted and held in every run, with or without a record.

Counts depend on the compiler, on what callgrind takes the processor for, and on the kernel. Where these are not the recorded ones, the
commit that recorded its counts is built here too, and what is counted in it is compared with; a shallow clone has not
that commit, and says that nothing is compared.
"""

import argparse
import base64
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple, Optional

from processes import ACCOUNT, ISSUER, PNG, PROJECT, SECRET, STATIC, STATIC_BUILD, output

RECORD = PROJECT / "benches/instructions.json"
# What is more than this part of the recorded count above it is a regression, and as much below it a gain to record.
TOLERANCE = {"instructions": 0.02, "system calls": 0, "page faults": 0.1}
RUNS_FOR_PAGE_FAULTS = 20
# How many instructions two verifications may differ by. One candidate takes some 3,000 of them.
VERIFICATION_TOLERANCE = 50
DOCUMENT = f"<Secret>{SECRET}</Secret>"
TIME, PERIOD = 1111111109, 30
NOW = ["--now", str(TIME)]


class Case(NamedTuple):
    """A run to be counted."""

    operation: str
    options: list
    text: str
    # How the answer begins, and the exit code.
    answer: bytes
    code: int = 0


def verification(steps: Optional[int], skew: int) -> Case:
    """A verification of the password of a time step this far from the current one, or of a wrong password."""
    text = f"<TOTP><Password>{password(steps or 0, steps is None)}</Password>{DOCUMENT}</TOTP>"
    answer, code = (b"<Error ", 1) if steps is None else (b"<Ok ", 0)
    return Case("VerifyPassword", [*NOW, "--skew", str(skew)], text, answer, code)


def password(steps: int, wrong: bool = False) -> str:
    """The password of a time step this far from the current one (RFC 4226, section 5.3), or another one."""
    digest = hmac.digest(base64.b32decode(SECRET), (TIME // PERIOD + steps).to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    code = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{(code + wrong) % 1_000_000:06}"


CASES = {
    "GenerateSecret": Case("GenerateSecret", [], "", b"<Secret>"),
    "GeneratePassword": Case("GeneratePassword", [], DOCUMENT, b"<Password>"),
    "GeneratePassword, --now": Case("GeneratePassword", NOW, DOCUMENT, b"<Password>081804</Password>"),
    "VerifyPassword": Case(
        "VerifyPassword", NOW, f"<TOTP><Password>081804</Password>{DOCUMENT}</TOTP>", b"<Ok "
    ),
    "GenerateAuthenticatorQRCode": Case(
        "GenerateAuthenticatorQRCode", ["--issuer", ISSUER, "--account", ACCOUNT], DOCUMENT, PNG
    ),
}
# Candidates are compared from the current step outwards, those before it first.
SKEW = 10
FIRST, LAST = verification(0, SKEW), verification(SKEW, SKEW)
NONE, NONE_OF_ONE, FIRST_OF_ONE = verification(None, SKEW), verification(None, 0), verification(0, 0)


def main() -> None:
    """Counts, and compares or records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write the counts instead of comparing them")
    parser.add_argument("--program", type=Path, help="a program instead of our build")
    arguments = parser.parse_args()
    where = tools()
    program = arguments.program or build(PROJECT)
    verifications_are_equal(program)
    counts = count(program)
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
    """What the counts depend on besides the program: the compiler, valgrind, the processor that valgrind shows, the kernel."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return {
        "rustc": output("rustc", "--version").strip(),
        "valgrind": output("valgrind", "--version").strip(),
        "processor": ", ".join(flag for flag in ("sse4_2", "avx", "avx2") if flag in flags),
        "kernel": ".".join(os.uname().release.split(".")[:2]),
    }


def build(tree: Path, *options: str) -> Path:
    """Builds the static program of a source tree, and gives its file."""
    # Earlier commits have it in config.toml.
    static = STATIC_BUILD if (tree / ".cargo/static.toml").exists() else ["--target", STATIC]
    command = ["cargo", "build", "--quiet", "--release", "--locked", *static, *options]
    messages = ["--message-format", "json-render-diagnostics"]
    built = subprocess.run([*command, *messages], cwd=tree, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Path(next(filter(None, (json.loads(line).get("executable") for line in built.splitlines()))))


def count(program: Path) -> dict:
    """The counts of every operation."""
    with tempfile.TemporaryDirectory() as name:
        folder = folder_of(program, name)
        return {
            name: {
                "instructions": count_instructions(case, folder),
                "system calls": count_system_calls(case, folder),
                "page faults": count_page_faults(case, folder),
            }
            for name, case in CASES.items()
        }


# contract 3.2b
def verifications_are_equal(program: Path) -> None:
    """Ends with exit code 1 where the instructions of a verification depend on which candidate matches."""
    with tempfile.TemporaryDirectory() as name:
        folder = folder_of(program, name)
        first, last, none, none_of_one, first_of_one = (
            count_instructions(case, folder) for case in (FIRST, LAST, NONE, NONE_OF_ONE, FIRST_OF_ONE)
        )
    # The answers of a match and of a mismatch cost different amounts: what the further candidates add is compared.
    costs = {"first": first - first_of_one, "last": last - first_of_one, "none": none - none_of_one}
    print(f"instructions for {2 * SKEW} more candidates, by the one that matches: {costs}")
    if max(costs.values()) - min(costs.values()) > VERIFICATION_TOLERANCE:
        sys.exit("a verification tells by its duration which candidate matches")


def folder_of(program: Path, name: str) -> Path:
    """A folder with the program under a name that is always the same: what it is called counts too."""
    shutil.copy(program, Path(name, "totp-adapter"))
    return Path(name)


def count_instructions(case: Case, folder: Path) -> int:
    """The instructions that the process executes from its start to its end."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=log"]
    lines = log(tool, case, folder)
    return next(int(line.split(":")[1]) for line in lines if "Collected :" in line)


def count_system_calls(case: Case, folder: Path) -> int:
    """The system calls of the process, the one that starts it among them."""
    return sum("+++" not in line for line in log(["strace", "-f", "-o", "log"], case, folder))


def count_page_faults(case: Case, folder: Path) -> int:
    """How often the process gets at memory that it has not touched before, without its file being read for that."""
    (folder / "input").write_text(case.text, encoding="ascii")
    files = [(os.POSIX_SPAWN_OPEN, 0, folder / "input", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    command = [folder / "totp-adapter", "--operation", case.operation, *case.options]

    def run() -> int:
        child = os.posix_spawn(command[0], command, {}, file_actions=files)
        _, _, usage = os.wait4(child, 0)
        return usage.ru_minflt

    return min(run() for _ in range(RUNS_FOR_PAGE_FAULTS))


def log(tool: list, case: Case, folder: Path) -> list:
    """The lines that a tool writes about a run, whose answer and exit code must be right."""
    command = [shutil.which(tool[0]), *tool[1:], "./totp-adapter", "--operation", case.operation, *case.options]
    (folder / "input").write_text(case.text, encoding="ascii")
    with (folder / "input").open("rb") as stdin:
        run = subprocess.run(command, cwd=folder, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={})
    if not run.stdout.startswith(case.answer) or run.returncode != case.code:
        sys.exit(f"{case.operation}: expected {case.answer}, found {run.stdout[:80]}, {run.stderr[-200:]}")
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
