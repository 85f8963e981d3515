"""Reads pictures of otpauth URIs with the program and with decoders that no one here wrote, and compares.

    read_pictures.py FOLDER PROGRAM [--zxing]

FOLDER is one that `pictures.py` filled. PROGRAM, called as `PROGRAM read-qr < picture`, must answer the `<Secret>` of
the URI. The table says for every kind of picture how many each reads; --zxing adds zxing-cpp (PyPI; numpy and pillow).
The exit status is 1 where the program answers a wrong secret, or reads less of a kind than another decoder.
"""

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

ZBARIMG = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]
OURS = "totp-adapter"
RIVALS = ["zbarimg", "zbarimg -inv"]


class Picture(NamedTuple):
    """A picture of the set, and what its code says."""

    file: Path
    kind: str
    text: str

    @property
    def secret(self) -> str:
        """The secret in the URI."""
        return parse_qs(urlsplit(self.text).query)["secret"][0]


def main() -> None:
    """Prints the table, and judges."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program = sys.argv[2]
    decoders = {OURS: lambda picture: by_program(program, picture)}
    decoders |= {name: lambda picture, name=name: by_zbarimg(name, picture) for name in RIVALS}
    if "--zxing" in sys.argv:
        decoders["zxing-cpp"] = by_zxing()
    pictures = list(pictures_of(Path(sys.argv[1])))
    read, wrong = Counter(), []
    for picture in pictures:
        for name, decode in decoders.items():
            answer = decode(picture)
            read[name, picture.kind] += answer is True
            if answer is False and name == OURS:
                wrong.append(picture.file.name)
    table(pictures, list(decoders), read)
    kinds = sorted({picture.kind for picture in pictures})
    below = [kind for kind in kinds if any(read[OURS, kind] < read[name, kind] for name in decoders)]
    if wrong or below or not pictures:
        sys.exit(f"of {len(pictures)} pictures, wrong: {wrong}; read less than another decoder: {below}")


def pictures_of(folder: Path):
    """The pictures of a set."""
    with open(folder / "pictures.csv", encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            yield Picture(folder / row["file"], row["kind"], row["text"])


def by_program(program: str, picture: Picture):
    """Whether the program answers the secret; nothing where it answers none."""
    with open(picture.file, "rb") as file:
        done = subprocess.run([program, "read-qr"], stdin=file, capture_output=True, check=False)
    answer = done.stdout.decode()
    return answer == f"<Secret>{picture.secret}</Secret>\n" if "<Secret>" in answer else None


def by_zbarimg(name: str, picture: Picture):
    """Whether zbarimg reads the URI, among others perhaps."""
    options = ["-Stest-inverted"] if name.endswith("-inv") else []
    done = subprocess.run([*ZBARIMG, *options, picture.file], capture_output=True, check=False)
    return picture.text in done.stdout.decode("utf-8", "replace").splitlines() or None


def by_zxing():
    """zxing-cpp behind Pillow, on a white page."""
    import numpy
    import zxingcpp
    from PIL import Image

    def decode(picture: Picture):
        """Whether it reads the URI, among others perhaps."""
        image = Image.open(picture.file)
        if image.mode.startswith("I;16"):
            pixels = (numpy.array(image) >> 8).astype("uint8")
        else:
            image = image.convert("RGBA")
            pixels = numpy.array(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L"))
        codes = zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormat.QRCode)
        return picture.text in [code.text for code in codes] or None

    return decode


def table(pictures: list, decoders: list, read: Counter) -> None:
    """Prints how many pictures of each kind each decoder reads."""
    counts = Counter(picture.kind for picture in pictures)
    print(f"{'kind':18}{'pictures':>10}" + "".join(f"{name:>14}" for name in decoders))
    for kind, count in counts.items():
        print(f"{kind:18}{count:10}" + "".join(f"{read[name, kind]:14}" for name in decoders))
    totals = {name: sum(read[name, kind] for kind in counts) for name in decoders}
    print(f"{'total':18}{len(pictures):10}" + "".join(f"{total:14}" for total in totals.values()))


if __name__ == "__main__":
    main()
