#!/usr/bin/env python3
"""What `totp-adapter stream` is measured beside: the same lines answered by a Python loop, with lxml and pyotp.

    python3 benches/peer.py OPERATION TIME < documents > answers

It knows the documents of the measurement only, which are all sound: no limits, no refusals.
"""

import sys

from lxml import etree
from pyotp import TOTP


def main() -> None:
    """Answers to every line of standard input."""
    operations = {"GeneratePassword": generate_password, "VerifyPassword": verify_password}
    answer, time = operations[sys.argv[1]], int(sys.argv[2])
    write = sys.stdout.buffer.write
    for line in sys.stdin.buffer:
        write(answer(etree.fromstring(line), time))


def generate_password(secret: etree._Element, time: int) -> bytes:
    """The password of a secret at this time."""
    return b"1\t<Password>%s</Password>\n" % TOTP(secret.text).at(time).encode()


def verify_password(totp: etree._Element, time: int) -> bytes:
    """Whether a password matches at this time, one step to either side accepted."""
    if TOTP(totp.findtext("Secret")).verify(totp.findtext("Password"), for_time=time, valid_window=1):
        return b'1\t<Ok description="The password matches."/>\n'
    return b'403\t<Error description="The password provided is incorrect."/>\n'


if __name__ == "__main__":
    main()
