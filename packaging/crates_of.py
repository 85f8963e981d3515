#!/usr/bin/env python3
"""Whether a program lists the crates that it was made of, as `cargo auditable` puts them into it: exactly those that cargo names
for the static program with the service.

    packaging/crates_of.py PROGRAM
"""

import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

PROJECT = Path(__file__).parent.parent
TREE = ["cargo", "tree", "--locked", "--features", "serve", "--target", "x86_64-unknown-linux-musl"]
TREE += ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]


def listed(program: str) -> set:
    """The crates in the program, as pairs of name and version."""
    with tempfile.NamedTemporaryFile() as section:
        subprocess.run(["objcopy", "--dump-section", f".dep-v0={section.name}", program, "/dev/null"], check=True)
        packages = json.loads(zlib.decompress(Path(section.name).read_bytes()))["packages"]
    return {(package["name"], package["version"]) for package in packages if package.get("kind") != "build"}


def used() -> set:
    """The crates that cargo takes, by Cargo.lock."""
    tree = subprocess.run(TREE, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout
    words = (line.split() for line in tree.splitlines() if line.strip())
    return {(name, version.removeprefix("v")) for name, version, *_ in words}


def main() -> None:
    in_program, by_cargo = listed(sys.argv[1]), used()
    if in_program != by_cargo:
        sys.exit(f"missing: {sorted(by_cargo - in_program)}; too many: {sorted(in_program - by_cargo)}")
    print(f"{len(in_program)} crates, each as in Cargo.lock")


main()
