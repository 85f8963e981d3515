"""GNU parallel cuts a stream of records into blocks, one `totp-adapter stream` each, and joins the results in order.

    python3 tests/engines/parallel.py

It needs GNU parallel (Debian: parallel).
"""

import os
import subprocess
import tempfile
from pathlib import Path

import documents
import readme

COUNT = 200_000
PASSWORDS = ["--operation", "GeneratePassword"]
VERIFICATION = ["--operation", "VerifyPassword"]


# contract 8.2a
def main() -> None:
    """Runs the page's commands, then larger and more awkward inputs."""
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        folder = Path(name)
        # It keeps its own files there, else below the home folder.
        os.environ["PARALLEL_HOME"] = str(folder / "parallel")
        os.environ["PATH"] = os.pathsep.join([str(readme.PROGRAM.parent.resolve()), os.environ["PATH"]])
        readme.must_be_gnu("parallel", "GNU parallel", "parallel")
        readme.run("parallel")

        secrets = documents.secrets_file(folder / "secrets", COUNT)
        passwords = documents.answers(secrets, *PASSWORDS)
        documents.must_have(passwords, {"1": COUNT})
        same_as_plain(secrets, passwords, PASSWORDS, "1M")

        to_verify = documents.to_verify_file(folder / "to-verify", passwords, COUNT)
        verified = documents.answers(to_verify, *VERIFICATION)
        documents.must_have(verified, documents.to_verify_statuses(COUNT))
        same_as_plain(to_verify, verified, VERIFICATION, "300k")
        records_that_end_with_nul(to_verify)


def same_as_plain(source: Path, expected: Path, operation: list, block: str, *options: str) -> None:
    """Both ways to cut give what the plain stream gives, to the byte."""
    separate = ["--recend", r"\0"] if "--null" in options else []
    for cut in (["--pipe"], ["--pipepart", "-a", str(source)]):
        log, results = source.with_suffix(".log"), source.with_suffix(".results")
        command = ["totp-adapter", "stream", "--jobs", "1", *operation, "--now", documents.NOW, *options]
        with open(source, "rb") as stdin, open(results, "wb") as stdout:
            subprocess.run(
                ["parallel", *cut, *separate, "-k", "--block", block, "--joblog", log, *command],
                stdin=stdin if "--pipe" in cut else subprocess.DEVNULL,
                stdout=stdout,
                check=True,
            )
        title = f"parallel {' '.join(cut[:1] + separate)} -k --block {block} {operation[-1]}"
        if results.read_bytes() != expected.read_bytes():
            raise SystemExit(f"{title}: the results differ from the plain stream's")
        blocks = len(log.read_text(encoding="utf-8").splitlines()) - 1
        if blocks < 10:
            raise SystemExit(f"{title}: {blocks} blocks, too few to say anything")
        print(f"{title}: {blocks} blocks, equal to the plain stream", flush=True)


def records_that_end_with_nul(lines: Path) -> None:
    """With `--null`, documents keep their line breaks, and parallel cuts at NUL."""
    source = lines.with_name("to-verify-null")
    source.write_bytes(lines.read_bytes().replace(b"\n", b"\0").replace(b"><", b">\n<"))
    verified = documents.answers(source, *VERIFICATION, "--null")
    documents.must_have(verified, documents.to_verify_statuses(COUNT))
    same_as_plain(source, verified, VERIFICATION, "300k", "--null")


if __name__ == "__main__":
    main()
