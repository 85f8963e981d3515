#!/usr/bin/env python3
"""Writes .cargo/start.ld: which functions of the static program stand together, because a start executes them.

    python3 benches/start_order.py    # builds the static program, runs it under valgrind, writes the file, to be committed

A process takes its code from the file in pieces of 64 KiB, and each piece interrupts it once. The linker puts functions
where their crates come to stand, so a start would touch nearly all pieces. The file is a linker script that GNU ld and lld
add to their own. Names are without the hashes of the compiler, which change with every version; what a later compiler calls
otherwise stands where it stood without the file, and benches/instructions.py counts the page faults.

It needs what benches/instructions.py needs.
"""

import re
import subprocess
import tempfile
from bisect import bisect_right
from pathlib import Path
from typing import NamedTuple, Optional

from instructions import CASES, build, folder_of, log
from processes import PROJECT

SCRIPT = PROJECT / ".cargo/start.ld"
# The most bytes of functions that no start executes, but whose names differ from those of one that does only in their hash.
MAX_OTHERS = 20_000
HEAD = """\
/* Functions that a start executes: written by benches/start_order.py, which says why. */
SECTIONS
{
  .text.start :
  {
"""
FOOT = """\
  }
}
INSERT BEFORE .text;
"""


class Section(NamedTuple):
    """A piece of code that the linker moves as a whole."""

    address: int
    size: int
    name: str
    file: str

    def pattern(self) -> str:
        """What names it in a linker script."""
        archive = re.search(r"/([^/]+\.a)\(([^)]+)\)$", self.file)
        if archive:
            return f"*{archive[1]}:{archive[2]}(.text .text.*)"
        if self.name == ".text":
            return f"*{Path(self.file).name}(.text)"
        without_hash = re.sub(r"17h[0-9a-f]{16}E.*$", "17h*", self.name)
        return f"*({re.sub(r'Cs[0-9A-Za-z]+_', 'Cs*_', without_hash)})"


def main() -> None:
    """Writes the script of a program that was linked without one."""
    SCRIPT.write_text(HEAD + FOOT, encoding="ascii")
    with tempfile.TemporaryDirectory() as name:
        linker_map = Path(name, "map")
        options = ["--config", "profile.release.strip=false", "--target-dir", str(PROJECT / "target/start-order")]
        flag = f"target.x86_64-unknown-linux-musl.rustflags=['-C', 'link-arg=-Wl,-Map={linker_map}']"
        program = build(PROJECT, "--config", flag, *options)
        sections = sections_of(linker_map.read_text(encoding="utf-8"))
        executed = executed_sections(program, sections)
    patterns = {section.pattern() for section in executed}
    sizes = dict.fromkeys(patterns, 0)
    for section in set(sections) - executed:
        if section.pattern() in sizes:
            sizes[section.pattern()] += section.size
    kept = sorted(pattern for pattern, others in sizes.items() if others <= MAX_OTHERS)
    SCRIPT.write_text(HEAD + "".join(f"    {pattern}\n" for pattern in kept) + FOOT, encoding="ascii")
    # Cargo does not look at the script: it links anew what has a new source.
    (PROJECT / "src/main.rs").touch()
    print(f"{len(kept)} names, {len(patterns) - len(kept)} left out")


def sections_of(linker_map: str) -> list:
    """The pieces of code in the program, by their addresses."""
    pattern = re.compile(r"^ (\.text\S*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", re.MULTILINE)
    found = (Section(int(address, 16), int(size, 16), name, file) for name, address, size, file in pattern.findall(linker_map))
    return sorted(section for section in found if section.address and section.size)


def executed_sections(program: Path, sections: list) -> set:
    """Those of which any operation executes something."""
    addresses = [section.address for section in sections]

    def at(address: int) -> Optional[Section]:
        section = sections[bisect_right(addresses, address) - 1]
        return section if section.address <= address < section.address + section.size else None

    executed = set()
    with tempfile.TemporaryDirectory() as name:
        folder = folder_of(program, name)
        for case in CASES.values():
            tool = ["valgrind", "--tool=callgrind", "--dump-instr=yes", "--callgrind-out-file=profile", "--log-file=log"]
            log(tool, case, folder)
            executed.update(filter(None, map(at, instructions_of((folder / "profile").read_text(encoding="utf-8")))))
    return executed


def instructions_of(profile: str) -> set:
    """The addresses in a profile of callgrind's; one may be told by its distance from the one before."""
    addresses, last = set(), 0
    for line in profile.splitlines():
        place = re.match(r"(0x[0-9a-f]+|[+-]\d+|\*) ", line)
        if place is None:
            continue
        word = place[1]
        last = int(word, 16) if word.startswith("0x") else last if word == "*" else last + int(word)
        addresses.add(last)
    return addresses


if __name__ == "__main__":
    main()
