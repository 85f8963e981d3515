"""The commands of an engine's page, run as they stand there.

The page is `schemas/ENGINE/README.md`; xargs and parallel share that of the shell. A block of the kind `console spark`
holds lines that begin with `$ `, each a command (a here-document `<<'END'` may follow), and below each the output it
gives. The commands of a kind run in order in one shell, so that variables, folders and jobs in the background carry
over, in a folder of their own with the program first on the PATH.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
# The program under test; whoever runs the tests has built it.
PROGRAM = Path(os.environ.get("TOTP_ADAPTER", PROJECT / "target/release/totp-adapter"))
MARK = "--- the command is done ---"
# Seconds for one engine.
LIMIT = 600
# The page of a kind of block, where it is not that of its name.
PAGES = {"xargs": "shell", "parallel": "shell"}


class Shown(NamedTuple):
    """A command and the output that the page shows below it."""

    command: str
    output: str


def commands(kind: str) -> list:
    """The commands of the blocks of a kind on its page."""
    page = PROJECT / "schemas" / PAGES.get(kind, kind) / "README.md"
    text = page.read_text(encoding="utf-8")
    found = []
    for block in re.findall(rf"^```console {re.escape(kind)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, _, rest = part.partition("\n")
            if "<<'END'" in first:
                document, _, rest = rest.partition("\nEND\n")
                first = f"{first}\n{document}\nEND"
            found.append(Shown(first, rest))
    if not found:
        raise SystemExit(f"{page} has no commands for {kind}")
    return found


class Shell:
    """A shell that runs commands one after the other, with standard error beside standard output."""

    def __init__(self, folder: Path, environment: dict):
        path = os.pathsep.join([str(PROGRAM.parent), environment.get("PATH", os.environ["PATH"])])
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env={**os.environ, **environment, "PATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        """The output of a command."""
        self.process.stdin.write(f"{command}\nprintf '%s\\n' '{MARK}'\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.endswith(f"{MARK}\n"):
                lines.append(line.removesuffix(f"{MARK}\n"))
                return "".join(lines)
            lines.append(line)
        raise SystemExit(f"the shell ended: {command}\n{''.join(lines)}")

    def close(self) -> None:
        """Ends the shell and what it has left in the background, nothing else."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.stdin.close()
        self.process.wait()


def run(kind: str, environment: dict = None, prepare=None, check=None) -> None:
    """Runs the commands of a kind and compares what they give with what the page shows.

    `prepare(folder)` puts there what a user has; `check(folder, shell)` looks at more than the output.
    """
    end_in_time()
    if not PROGRAM.is_file():
        raise SystemExit(f"{PROGRAM} is missing: cargo build --release makes it")
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        folder = Path(name)
        (folder / "schemas").symlink_to(PROJECT / "schemas")
        (folder / "fixtures").symlink_to(PROJECT / "fixtures")
        if prepare:
            prepare(folder)
        shell = Shell(folder, environment or {})
        try:
            for command, expected in commands(kind):
                print(f"$ {command}", flush=True)
                found = shell.run(command)
                if comparable(found) != comparable(expected):
                    raise SystemExit(f"{kind}: $ {command}\nexpected:\n{expected}\nfound:\n{found}")
            if check:
                check(folder, shell)
        finally:
            shell.close()


def end_in_time() -> None:
    """Lets a test that is told to end, or takes too long, end what it has started."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda number, _: sys.exit(f"ended by {signal.Signals(number).name}"))
    signal.alarm(LIMIT)


def must_be_gnu(program: str, name: str, package: str) -> None:
    """Checks that a program is the one of the GNU project: others are called alike, and have other exit codes."""
    try:
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        version = ""
    if name not in version:
        raise SystemExit(f"{program} of {name} is missing (Debian: {package})")


def comparable(text: str) -> str:
    """A text without what differs from run to run: passwords and secrets."""
    text = re.sub(r"<Password>\d{6}</Password>", "<Password>(six digits)</Password>", text)
    return re.sub(r"<Secret>[A-Z2-7]{32}</Secret>", "<Secret>(32 characters)</Secret>", text)
