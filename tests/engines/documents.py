"""Documents by the hundred thousand for the engines' tests, the same in every run."""

import hashlib
import subprocess
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Iterator

import readme

# A fixed time, so that every run gives the same passwords.
NOW = "1800000000"
# The five low bits of a byte as a Base32 character.
BASE32 = bytes(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte & 31] for byte in range(256))


def secrets_file(path: Path, count: int) -> Path:
    """A file of secrets."""
    with open(path, "wb") as file:
        file.writelines(secrets(count))
    return path


def to_verify_file(path: Path, passwords: Path, count: int) -> Path:
    """A file of documents to verify, made from what the plain stream answered to at least as many secrets."""
    with open(passwords, "rb") as results, open(path, "wb") as file:
        file.writelines(to_verify(result[12:18] for result in islice(results, count)))
    return path


def answers(documents: Path, *options: str, program: Path = readme.PROGRAM) -> Path:
    """What the plain stream answers, in a file beside the documents."""
    path = documents.with_suffix(".expected")
    with open(documents, "rb") as source, open(path, "wb") as file:
        subprocess.run([program, "stream", *options, "--now", NOW], stdin=source, stdout=file, check=True)
    return path


def must_have(results: Path, expected: dict) -> None:
    """Compares how many results have which status: what is equal to the plain stream's is also right."""
    found = statuses(results)
    if found != expected:
        raise SystemExit(f"the plain stream gave {dict(found)} results of each status, expected {expected}")


def statuses(results: Path) -> Counter:
    """How many results have which status."""
    with open(results, "rb") as lines:
        return Counter(line.split(b"\t", 1)[0].decode() for line in lines)


def secrets(count: int) -> Iterator[bytes]:
    """Secrets that all differ, as lines: a record that is lost, doubled or swapped shows in the passwords."""
    for number in range(count):
        yield b"<Secret>%s</Secret>\n" % key(number)


def key(number: int) -> bytes:
    """20 bytes in Base32 that look random."""
    return hashlib.sha256(b"%d" % number).digest().translate(BASE32)


def to_verify(passwords: Iterator[bytes]) -> Iterator[bytes]:
    """A line for each password: most match, the others are wrong, broken or awkward for a reader of lines."""
    for number, password in enumerate(passwords):
        secret = b"<Secret>%s</Secret>" % key(number)
        sound = b"<TOTP><Password>%s</Password>%s</TOTP>" % (password, secret)
        yield UNUSUAL.get(number % 100, as_it_is)(sound, password) + b"\n"


def as_it_is(sound: bytes, _password: bytes) -> bytes:
    """A password that matches."""
    return sound


# Of a hundred, two have a wrong password, two are broken, and one has an unusable secret; the others match.
UNUSUAL = {
    3: lambda sound, password: sound.replace(password, b"%06d" % ((int(password) + 1) % 10**6)),
    7: lambda sound, password: sound.replace(password, password[:5]),
    13: lambda sound, _: sound[:40],
    23: lambda *_: b"",
    33: lambda sound, _: sound.replace(b"</Secret>", b"1</Secret>"),
    43: lambda sound, _: sound.replace(b"><", b">\r\t<") + b"\r",
    53: lambda sound, _: "<!-- Jürgen \u2028 \x85 🔑 -->".encode() + sound,
    63: lambda sound, _: b"  %s  " % sound,
}


def to_verify_statuses(count: int) -> dict:
    """How many of them get which status."""
    return {"1": count // 100 * 95, "403": count // 100 * 4, "-1": count // 100}
