"""GNU xargs runs one process per document, several at once: no document stops another.

    python3 tests/engines/xargs.py

It needs xargs of GNU findutils.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import readme

# The time at which the fixtures' passwords hold; their folders say the status.
NOW = "1111111109"
STATUSES = {"ok": "1", "mismatch": "403", "reject": "-1"}
# What a folder may hold, copies of a document that is sound.
NAMES = [
    "two words.xml",
    "  blanks around  .xml",
    "--output.xml",
    "line\nbreak.xml",
    'it\'s "quoted".xml',
    "back\\slash.xml",
    "Jürgen Groß.xml",
]
# xargs' own exit codes: some command ended with 1 to 125; a command ended with 255, and xargs stopped there.
SOME_FAILED, ABORTED = 123, 124


# contract 8.2a
def main() -> None:
    """Runs the page's commands, then the fixtures."""
    readme.must_be_gnu("xargs", "GNU findutils", "findutils")
    readme.run("xargs", check=permissions)
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        folder = Path(name)
        expected = documents(folder / "in")
        every_document_is_answered(folder, expected)
        the_exit_code_255_aborts(folder)
        zero_is_no_failure(folder, expected)


def permissions(folder: Path, shell: readme.Shell) -> None:
    """The page's outputs are for their owner only."""
    for path in (folder / "out").iterdir():
        if path.stat().st_mode & 0o777 != 0o600:
            raise SystemExit(f"{path.name} can be read by others")


def documents(folder: Path) -> dict:
    """A folder with the fixtures that need no parameters, and the status that each must get."""
    folder.mkdir()
    expected = {}
    fixtures = readme.PROJECT / "fixtures/VerifyPassword"
    for expectation, status in STATUSES.items():
        for path in sorted((fixtures / expectation).glob("*.xml")):
            if not path.name.endswith(".parameters.xml") and not path.with_suffix(".parameters.xml").exists():
                expected[f"{expectation} {path.name}"] = status
                shutil.copy(path, folder / f"{expectation} {path.name}")
    sound = next(name for name, status in expected.items() if status == "1")
    for name in NAMES:
        expected[name] = "1"
        shutil.copy(folder / sound, folder / name)
    found = set(expected.values())
    if found != set(STATUSES.values()):
        raise SystemExit(f"the fixtures are to have documents of every status, and have {found}")
    return expected


def every_document_is_answered(folder: Path, expected: dict) -> None:
    """Whatever fails, every document has its status and its answer, that of a run of its own."""
    run = xargs(folder, "out", expected, jobs=4)
    if run.returncode != SOME_FAILED:
        raise SystemExit(f"xargs ended with {run.returncode}, expected {SOME_FAILED}: {run.stderr}")
    for name, status in expected.items():
        found = (folder / "out" / f"{name}.status").read_text(encoding="utf-8")
        if found != f"{status}\n":
            raise SystemExit(f"{name}: status {found!r}, expected {status}")
    compare(folder, "out", expected)
    failed = sum(status != "1" for status in expected.values())
    lines = run.stderr.splitlines()
    if len(lines) != failed or not all(line.startswith("totp-adapter: status ") for line in lines):
        raise SystemExit(f"{failed} documents failed, and standard error has:\n{run.stderr}")
    print(f"xargs -P 4: {len(expected)} documents answered, {failed} of them with a failure")


def the_exit_code_255_aborts(folder: Path) -> None:
    """Why 255 is no default: with `--exit-code x4` the first -1 ends xargs, and the documents after it get nothing."""
    unusable = next(path.name for path in sorted((folder / "in").iterdir()) if path.name.startswith("reject "))
    names = [unusable, *NAMES]
    run = xargs(folder, "aborted", names, "--exit-code", "x4", jobs=1)
    if run.returncode != ABORTED or "status 255" not in run.stderr:
        raise SystemExit(f"x4: xargs ended with {run.returncode}, expected {ABORTED}: {run.stderr}")
    written = {path.name for path in (folder / "aborted").iterdir()}
    if written != {unusable, f"{unusable}.status"}:
        raise SystemExit(f"x4: expected xargs to stop after the first document, found {sorted(written)}")
    run = xargs(folder, "not-aborted", names, jobs=1)
    if run.returncode != SOME_FAILED:
        raise SystemExit(f"the same documents by default: xargs ended with {run.returncode}, expected {SOME_FAILED}")
    compare(folder, "not-aborted", names)
    print("xargs aborts with --exit-code x4, and not without it")


def zero_is_no_failure(folder: Path, expected: dict) -> None:
    """With `--exit-code zero` xargs has nothing to report."""
    run = xargs(folder, "zero", expected, "--exit-code", "zero", jobs=4)
    if run.returncode != 0:
        raise SystemExit(f"zero: xargs ended with {run.returncode}: {run.stderr}")
    compare(folder, "zero", expected)


def xargs(folder: Path, output: str, names, *options: str, jobs: int) -> subprocess.CompletedProcess:
    """One process per name, by the command of the page."""
    (folder / output).mkdir()
    result = f"../{output}/{{}}"
    command = [readme.PROGRAM.resolve(), "--operation", "VerifyPassword", "--now", NOW, *options]
    files = ["--input", "./{}", "--output", result, "--status-file", f"{result}.status"]
    return subprocess.run(
        ["xargs", "-0", "-P", str(jobs), "-I", "{}", *command, *files],
        cwd=folder / "in",
        input="".join(f"{name}\0" for name in names),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def compare(folder: Path, output: str, names) -> None:
    """Every document has the answer that the filter gives it on its standard output."""
    for name in names:
        with open(folder / "in" / name, "rb") as document:
            command = [readme.PROGRAM, "--operation", "VerifyPassword", "--now", NOW]
            expected = subprocess.run(command, stdin=document, capture_output=True, check=False).stdout
        found = (folder / output / name).read_bytes()
        if found != expected:
            raise SystemExit(f"{output}/{name!r} holds {found}, expected {expected}")


if __name__ == "__main__":
    main()
