#!/usr/bin/env python3
"""What a process of `totp-adapter` is measured beside (`processes.py`): one answer by Python.

    python3 benches/peer_process.py GeneratePassword < secret.xml
    python3 benches/peer_process.py VerifyPassword < totp.xml
    python3 benches/peer_process.py GenerateAuthenticatorQRCode ISSUER ACCOUNT < secret.xml > qr.png

It reads the document with lxml and answers with pyotp or segno, of which it loads the one that it needs. It knows the
documents of the measurement only, which are all sound: no limits, no refusals.
"""

import sys

from lxml import etree

# The pixels of a module and the modules around the symbol that come closest to 512x512 for version 6, as qrencode's.
SCALE, BORDER = 10, 5


def main() -> None:
    """Answers to the document on standard input."""
    operations = {
        "GeneratePassword": generate_password,
        "VerifyPassword": verify_password,
        "GenerateAuthenticatorQRCode": generate_authenticator_qr_code,
    }
    operations[sys.argv[1]](etree.fromstring(sys.stdin.buffer.read()), *sys.argv[2:])


def generate_password(secret: etree._Element) -> None:
    """The current password of a secret."""
    import pyotp

    print(f"<Password>{pyotp.TOTP(secret.text).now()}</Password>")


def verify_password(totp: etree._Element) -> None:
    """Whether a password matches, one step to either side accepted."""
    import pyotp

    if not pyotp.TOTP(totp.findtext("Secret")).verify(totp.findtext("Password"), valid_window=1):
        print('<Error description="The password provided is incorrect."/>')
        sys.exit(1)
    print('<Ok description="The password matches."/>')


def generate_authenticator_qr_code(secret: etree._Element, issuer: str, account: str) -> None:
    """The key URI as PNG; the URI is made here, since pyotp would cost its loading."""
    from urllib.parse import quote

    import segno

    issuer, account = (quote(name, safe="") for name in (issuer, account))
    uri = f"otpauth://totp/{issuer}:{account}?secret={secret.text}&issuer={issuer}"
    segno.make_qr(uri, mode="byte").save(sys.stdout.buffer, kind="png", scale=SCALE, border=BORDER)


if __name__ == "__main__":
    main()
