#!/usr/bin/env python3
"""Prints what a static program holds of others, and the texts of their licences, each different text once.

    packaging/notices_of.py PROGRAM

The crates are those that the program lists (crates_of.py); cargo has their sources. The toolchain has the notices of
Rust's standard library, and Debian's package musl those of the C library. It fails where a crate names no licence, and
says on standard error which has no text of it.
"""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

from crates_of import PROJECT, listed

METADATA = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
METADATA += ["--filter-platform", "x86_64-unknown-linux-musl"]
MUSL = Path("/usr/share/doc/musl/copyright")
NAME = re.compile(r"(un)?licen[cs]e|copying|copyright|notice|authors", re.IGNORECASE)
CODE = {".rs", ".c", ".h", ".py"}

HEAD = """The program totp-adapter is licensed under MIT OR Apache-2.0. It is linked statically, so that it holds the parts
below. Each stands with its licence and the numbers of the texts that its source has; the texts follow. Some crates only
help to compile others, and those of the standard library are those for every system: none is left out.

SQLite, which is in libsqlite3-sys, is in the public domain (https://sqlite.org/copyright.html).
"""


class Texts:
    """Licence texts by number; those that differ in white space alone are the same."""

    def __init__(self) -> None:
        self.numbers = {}
        self.texts = []

    def number(self, text: str) -> int:
        words = " ".join(text.split())
        if words not in self.numbers:
            self.texts.append(text.rstrip().lstrip("\n").expandtabs())
            self.numbers[words] = len(self.texts)
        return self.numbers[words]


def output(*command: str) -> str:
    return subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout


def files(folder: Path) -> list:
    """The texts in the source of a crate, also in those of others that it took in."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in CODE)
    return [path.read_text(errors="replace") for path in found if NAME.match(path.name) or path.parent.name == "LICENSES"]


def crates(program: str):
    """Name, licence and texts of each crate in the program."""
    packages = json.loads(output(*METADATA))["packages"]
    known = {(package["name"], package["version"]): package for package in packages}
    for crate in sorted(listed(program)):
        package = known[crate]
        # The project's own folder has more than its source.
        folder = Path(package["manifest_path"]).parent
        texts = [path.read_text() for path in sorted(folder.glob("LICENSE-*"))] if folder == PROJECT else files(folder)
        yield " ".join(crate), package["license"], texts


def toolchain():
    """The same of Rust's standard library, of what it is made of, and of LLVM's parts that it brings."""
    folder = Path(output("rustc", "--print", "sysroot").strip()) / "share/doc/rust"
    own, *others = (folder / "COPYRIGHT-library.html").read_text().split("<h3>")
    own = re.sub(r"\n\s*\n+", "\n\n", html.unescape(re.sub(r"<title>.*?</title>|<[^>]*>", "", own)))
    texts = {path.stem: path.read_text() for path in sorted((folder / "licenses").iterdir())}
    version = output("rustc", "--version").split()[1]
    named = [text for licence, text in texts.items() if licence in own]
    yield f"Rust's standard library {version}", "MIT OR Apache-2.0", [own, *named]
    llvm = [texts["Apache-2.0"], texts["LLVM-exception"]]
    yield "LLVM's compiler-rt and libunwind", "Apache-2.0 WITH LLVM-exception", llvm
    for part in others:
        name = re.match(r"\W*(.*?)-(\d.*?)</h3>", part)
        licence = re.search(r"<b>License:</b>\s*(.*?)</p>", part)
        texts_of_part = [html.unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", part, re.DOTALL)]
        yield f"{name[1]} {name[2]} (in the standard library)", licence and html.unescape(licence[1]), texts_of_part


def main() -> None:
    texts = Texts()
    print(HEAD)
    musl = ("musl libc", "MIT, and those in its text", [MUSL.read_text()])
    for name, licence, its_texts in [*crates(sys.argv[1]), musl, *toolchain()]:
        if not licence:
            sys.exit(f"{name} names no licence")
        numbers = ", ".join(map(str, sorted({texts.number(text) for text in its_texts})))
        if not numbers:
            print(f"{name}: {licence}, without a text in its source", file=sys.stderr)
        print(f"* {name}: {licence}; {'texts ' + numbers if numbers else 'its source has no text'}")
    for number, text in enumerate(texts.texts, 1):
        print(f"\n{f' {number} ':=^100}\n\n{text}")


main()
