"""Degrades two QR code pictures as photographs would, and counts how many of each the common decoders still read.

    photograph.py TEXT OURS.png THEIRS.png [--variants N] [--seed N]

Both pictures are brought to the same overall size and get the very same degradations: turned and seen askew, blurred, noisy,
of low contrast, unevenly lit, compressed as JPEG. Prints one line per decoder, `DECODER OURS THEIRS VARIANTS`, then `total`;
the exit status is 1 where ours were read less often than theirs in total by more than chance (two standard deviations of
the variants that only one of the two was read in). Needs zbarimg, and what decode.py needs.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy
from PIL import Image

from decode import opencv, zxing

SIDE = 512  # pixels of both pictures before they are degraded
FRAME = 720  # pixels of the photograph


def zbar(pixels):
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        cv2.imwrite(file.name, pixels)
        command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file.name]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.removesuffix("\n")


DECODERS = {"zbar": zbar, "zxing": zxing, "opencv": opencv}


def picture(path):
    """The picture, padded with white to a square of SIDE pixels, or scaled down to one where it is larger."""
    image = Image.open(path).convert("RGBA").convert("L")
    if max(image.size) > SIDE:
        image = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    canvas = Image.new("L", (SIDE, SIDE), 255)
    canvas.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
    return numpy.array(canvas)


def photograph(pixels, random):
    """One photograph of the picture; the same state of `random` takes it in the same way."""
    severity = random.uniform(0.4, 1.1)

    corners = numpy.float32([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]])
    angle, size = random.uniform(-numpy.pi, numpy.pi), random.uniform(0.28, 0.8)
    turn = numpy.array([[numpy.cos(angle), -numpy.sin(angle)], [numpy.sin(angle), numpy.cos(angle)]])
    seen = (corners - SIDE / 2) @ turn.T * size * FRAME / SIDE / 1.2 + FRAME / 2
    seen += random.uniform(-1, 1, (4, 2)) * 70 * severity * size
    view = cv2.getPerspectiveTransform(corners, seen.astype(numpy.float32))
    shot = cv2.warpPerspective(pixels, view, (FRAME, FRAME), flags=cv2.INTER_AREA, borderValue=200).astype(float)

    shot = cv2.GaussianBlur(shot, (0, 0), 0.3 + 2.2 * severity * size)
    contrast = 1 - 0.75 * severity
    slope = numpy.linspace(-1, 1, FRAME)[None, :] * 35 * severity
    shot = 128 + (shot - 128) * contrast + slope + random.normal(0, 14 * severity, shot.shape)
    quality = int(90 - 65 * severity)
    _done, file = cv2.imencode(".jpg", shot.clip(0, 255).astype(numpy.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("pictures", nargs=2, metavar="PNG")
    parser.add_argument("--variants", type=int, default=40)
    parser.add_argument("--seed", type=int, default=6238)
    arguments = parser.parse_args()
    pictures = [picture(Path(path)) for path in arguments.pictures]

    reads = {name: numpy.zeros((arguments.variants, 2), dtype=int) for name in DECODERS}
    for variant in range(arguments.variants):
        for which, pixels in enumerate(pictures):
            shot = photograph(pixels, numpy.random.default_rng([arguments.seed, variant]))
            for name, decode in DECODERS.items():
                reads[name][variant, which] = decode(shot) == arguments.text

    for name, read in reads.items():
        print(name, *read.sum(axis=0), arguments.variants)
    every = numpy.concatenate(list(reads.values()))
    ours, theirs = every.sum(axis=0)
    print("total", ours, theirs, len(every))
    differing = (every[:, 0] != every[:, 1]).sum()
    sys.exit(bool(theirs - ours > 2 * numpy.sqrt(differing)))


if __name__ == "__main__":
    main()
