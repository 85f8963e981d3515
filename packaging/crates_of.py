#!/usr/bin/env python3
"""Whether a program lists the crates that it was made of, as `cargo auditable` puts them into it: at least those that cargo names
for the static program with the service, and none that Cargo.lock does not have. (It also lists macros, and a few crates of
features that are off.)

    packaging/crates_of.py PROGRAM
"""

import json
import subprocess
import sys
import tempfile
import tomllib
import zlib
from pathlib import Path
from typing import NoReturn

PROJECT = Path(__file__).parent.parent
TREE = ["cargo", "tree", "--locked", "--features", "serve", "--target", "x86_64-unknown-linux-musl"]
TREE += ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]


def refuse(reason: str) -> NoReturn:
    """Ends where there is nothing to compare."""
    print(f"crates_of.py: {reason}", file=sys.stderr)
    sys.exit(2)


def listed(program: str) -> set:
    """The crates in the program, as pairs of name and version."""
    with tempfile.NamedTemporaryFile() as section:
        objcopy = ["objcopy", "--dump-section", f".dep-v0={section.name}", "--", program, "/dev/null"]
        said = subprocess.run(objcopy, stderr=subprocess.PIPE, text=True).stderr.strip()
        compressed = Path(section.name).read_bytes()
    # Where there is no such section, objcopy complains and yet succeeds.
    if not compressed:
        refuse(said.partition("\n")[0] or f"{program} has an empty section .dep-v0")
    try:
        packages = json.loads(zlib.decompress(compressed))["packages"]
    except (zlib.error, ValueError, KeyError) as error:
        refuse(f"the section .dep-v0 of {program} is no list of crates: {error}")
    return {(package["name"], package["version"]) for package in packages if package.get("kind") != "build"}


def used() -> set:
    """The crates that cargo takes, by Cargo.lock."""
    tree = subprocess.run(TREE, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout
    words = (line.split() for line in tree.splitlines() if line.strip())
    return {(name, version.removeprefix("v")) for name, version, *_ in words}


def locked() -> set:
    """The crates of Cargo.lock."""
    return {(package["name"], package["version"]) for package in tomllib.loads((PROJECT / "Cargo.lock").read_text())["package"]}


def main() -> None:
    if len(sys.argv) != 2:
        refuse("usage: packaging/crates_of.py PROGRAM")
    in_program = listed(sys.argv[1])
    missing, unknown = used() - in_program, in_program - locked()
    if missing or unknown:
        sys.exit(f"missing: {sorted(missing)}; not in Cargo.lock: {sorted(unknown)}")
    print(f"{len(in_program)} crates, each as in Cargo.lock")


if __name__ == "__main__":
    main()
