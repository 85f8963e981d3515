"""Reads QR codes with a decoder that no one here wrote, and prints what they say.

    decode.py ENGINE IMAGE...        ENGINE is zxing or opencv

One line per image, in order: the text, or nothing where no code was read. The exit status is 0 either way.
Needs zxing-cpp, opencv-python-headless, numpy and pillow (PyPI).
"""

import sys

import cv2
import numpy
import zxingcpp
from PIL import Image


def zxing(pixels):
    found = zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormat.QRCode)
    return found[0].text if found else ""


def opencv(pixels):
    try:
        text, _corners, _symbol = cv2.QRCodeDetector().detectAndDecode(pixels)
    except (cv2.error, UnicodeDecodeError):
        # OpenCV throws on some pictures that it merely cannot read.
        return ""
    return text


ENGINES = {"zxing": zxing, "opencv": opencv}


def main(arguments):
    if not arguments or arguments[0] not in ENGINES:
        sys.exit(__doc__)
    engine = ENGINES[arguments[0]]
    for path in arguments[1:]:
        print(engine(numpy.array(Image.open(path).convert("L"))))


if __name__ == "__main__":
    main(sys.argv[1:])
