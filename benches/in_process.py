#!/usr/bin/env python3
"""What the operations and their stages take inside the process, beside other crates and libraries for the same purpose.

    python3 benches/in_process.py                       # builds and measures, nine rounds
    python3 benches/in_process.py --rounds 21

It needs Rust, a C compiler and the headers of liboath, libqrencode and libxml2 (on Debian: `apt-get install gcc
libc6-dev liboath-dev libqrencode-dev libxml2-dev`). A round runs the benchmarks of `operations`, with the crates, and
`libraries.c` after each other; a ratio is the median of the ratios of the rounds, so what slows the machine down for a
while slows both. An aim is what the ratio should not exceed.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from processes import PROJECT, bench_program, output, processor


class Row(NamedTuple):
    """A benchmark of ours, what is put beside it, and the ratio that it should not exceed."""

    ours: str
    theirs: str
    aim: float = None


ROWS = (
    Row("operation::generate_secret", "liboath::base32_encode"),
    Row("operation::generate_password", "liboath::totp_generate", 1.1),
    # One code of liboath beside our three.
    Row("operation::verify_password", "liboath::totp_generate", 2.3),
    Row("operation::generate_authenticator_qr_code", "peers::generate_authenticator_qr_code", 0.125),
    Row("read::secret", "libxml2::secret"),
    Row("read::secret", "peers::read_secret"),
    Row("read::totp", "libxml2::totp"),
    Row("read::totp", "peers::read_totp"),
    Row("otp::secret_from_base32", "liboath::base32_decode"),
    Row("otp::password_generate", "liboath::totp_generate"),
    Row("otp::password_generate", "peers::password_generate"),
    Row("otp::password_verify", "liboath::totp_validate"),
    Row("otp::password_verify", "peers::password_verify"),
    Row("otp::key_uri_of_a_label", "peers::key_uri"),
    Row("otp::symbol_encode", "libqrencode::symbol", 0.5),
    Row("otp::symbol_encode", "peers::symbol_fast_qr"),
    Row("otp::symbol_encode", "peers::symbol_qrcodegen"),
    Row("otp::symbol_encode", "peers::symbol_qrcode"),
    Row("otp::image_png", "peers::image_png"),
)
# What the peers are, where their names do not say it.
CRATES = {
    "peers::generate_authenticator_qr_code": "quick-xml, totp-rs, qrcode, image",
    "peers::read_secret": "quick-xml, serde",
    "peers::read_totp": "quick-xml, serde",
    "peers::password_generate": "totp-rs",
    "peers::password_verify": "totp-rs",
    "peers::key_uri": "format!, percent-encoding",
    "peers::symbol_fast_qr": "fast_qr",
    "peers::symbol_qrcodegen": "qrcodegen",
    "peers::symbol_qrcode": "qrcode",
    "peers::image_png": "image",
}
CRATE = "operations"
NANOSECONDS = {"ps": 1e-3, "ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}
# A line of divan's tree: its depth, a name, and after the fastest and the slowest the median.
LINE = re.compile(r"(?P<depth>(?:│  |   )*)[├╰]─ (?P<name>\w+)(?:[^│]*│){2} *(?:(?P<median>[\d.]+) (?P<unit>\w+))?")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="times that everything is measured (default: 9)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        crates, libraries = bench_program(CRATE), build_libraries(Path(folder, "libraries"))
        rounds = [{**run_crates(crates), **run_libraries(libraries)} for _ in range(arguments.rounds)]

    print(f"{processor()}, {os.cpu_count()} cores, {os.uname().sysname} {os.uname().release}; medians of ", end="")
    print(f"{arguments.rounds} rounds; times in ns\n")
    print("| operation or stage | beside | ratio | aim | time | its time |")
    print("|---|---|--:|--:|--:|--:|")
    for row in ROWS:
        ratio = statistics.median(times[row.ours] / times[row.theirs] for times in rounds)
        times = (f"{statistics.median(times[name] for times in rounds):,.0f}" for name in (row.ours, row.theirs))
        aim = "" if row.aim is None else f"{row.aim:.3g}"
        print(f"| {' | '.join([row.ours, CRATES.get(row.theirs, row.theirs), f'{ratio:.2f}', aim, *times])} |")


def build_libraries(program: Path) -> str:
    """Builds the measurement of the libraries in C, and gives its file."""
    compiler = [os.environ.get("CC", "cc"), "-O2", "-I/usr/include/libxml2", "-o", str(program)]
    source = str(PROJECT / "benches/libraries.c")
    subprocess.run([*compiler, source, "-loath", "-lqrencode", "-lxml2"], check=True)
    return str(program)


def run_crates(program: str) -> dict:
    """The medians of the benchmarks in Rust, by name."""
    names = {name for row in ROWS for name in (row.ours, row.theirs)}
    tree = output(program, "--bench", "--exact", *(f"{CRATE}::{name}" for name in sorted(names)))
    medians, path = {}, []
    for line in filter(None, map(LINE.match, tree.splitlines())):
        path[len(line["depth"]) // 3:] = [line["name"]]
        if line["median"]:
            medians["::".join(path)] = float(line["median"]) * NANOSECONDS[line["unit"]]
    return medians


def run_libraries(program: str) -> dict:
    """The medians of the libraries in C, by name."""
    return {name: float(median) for name, median in map(str.split, output(program).splitlines())}


if __name__ == "__main__":
    main()
