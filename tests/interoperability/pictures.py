"""Draws QR codes of otpauth URIs and degrades them as screens, phones and files do.

    pictures.py FOLDER [--each N] [--seed N] [--kinds KIND …] [--program FILE] [--node FOLDER]

Writes N pictures of every kind below to FOLDER, and `pictures.csv` beside them, which says of each the file, the kind,
the drawer, the version and level of the symbol, and the text. Where a picture shows several codes, the text is the one
otpauth URI among them. The same seed gives the same pictures. The drawers are segno, qrencode, the program itself
(--program) and node's qrcode (--node: the folder of its node_modules).
Needs segno, opencv-python-headless, numpy and pillow (PyPI), and qrencode.
"""

import argparse
import base64
import csv
import io
import json
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy
import segno
from PIL import Image, ImageDraw, ImageFont

# RFC 6238's test key. The secrets are pieces of its repetition, so that they differ.
KEY = b"12345678901234567890"
KEY_BYTES = [10, 20, 32, 64]
ISSUERS = ["ACME", "SoftProject GmbH", "Bücher & Söhne", "example.org", "Banque de l'Été"]
ACCOUNTS = ["a", "john.doe@example.org", "jürgen@example.org", "admin+2fa@example.org", "CN=Doe, John/ou=IT"]
# Modules of white around a code.
QUIET = 4
# Other codes in the same picture.
OTHERS = ["https://example.org/help", "WIFI:T:WPA;S:guest;P:guest;;", "4006381333931", "BEGIN:VCARD\nFN:Doe\nEND:VCARD"]


class Code:
    """One code: its text, its level, and its modules (True is dark) without a quiet zone."""

    def __init__(self, drawer, text, level, modules):
        """A code that `drawer` drew."""
        self.drawer, self.text, self.level, self.modules = drawer, text, level, modules

    @property
    def version(self):
        """The version, 1 to 40."""
        return (len(self.modules) - 17) // 4


def a_secret(random):
    """A secret in Base32, without padding."""
    start = int(random.integers(0, len(KEY)))
    return base64.b32encode((KEY * 5)[start : start + int(random.choice(KEY_BYTES))]).decode().rstrip("=")


def uri(random):
    """A Key URI of some 60 to 400 bytes, as providers write them."""
    issuer, account = random.choice(ISSUERS), random.choice(ACCOUNTS)
    secret = a_secret(random)
    parameters = [f"secret={secret}", f"issuer={quote(issuer)}"]
    if random.random() < 0.5:
        parameters += ["algorithm=SHA256", "digits=8", "period=60"]
    length = int(random.integers(60, 400))
    text = f"otpauth://totp/{quote(issuer)}:{quote(account)}?" + "&".join(parameters)
    image = "&image=https%3A%2F%2Fexample.org%2F"
    return text + image + "logo" * ((length - len(text) - len(image)) // 4) if length > len(text) + 50 else text


def modules_of(path):
    """The modules of a cleanly drawn picture: its dark square cut out, one sample from the middle of each module."""
    grey = numpy.array(Image.open(path).convert("RGBA").convert("L"))
    dark = grey < 128
    rows, columns = numpy.flatnonzero(dark.any(axis=1)), numpy.flatnonzero(dark.any(axis=0))
    square = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    finder = int(numpy.argmin(square[0]))  # the first run of dark is a finder pattern's edge, 7 modules
    count = round(len(square) * 7 / finder)
    middles = ((numpy.arange(count) + 0.5) * len(square) / count).astype(int)
    return square[numpy.ix_(middles, middles)]


def by_segno(text, level, _path):
    """A code of segno."""
    return numpy.array([list(row) for row in segno.make_qr(text, error=level, boost_error=False).matrix], dtype=bool)


def by_qrencode(text, level, path):
    """A code of qrencode."""
    subprocess.run(["qrencode", "-8", "-l", level, "-s", "8", "-o", path], input=text.encode(), check=True)
    return modules_of(path)


def by_node(folder):
    """The drawer of node's qrcode, from the folder that its node_modules is in."""
    script = (
        'import { createRequire } from "node:module"; import { readFileSync } from "node:fs";'
        f"const QRCode = createRequire({json.dumps(str(Path(folder).resolve()) + '/')})('qrcode');"
        "const [text, errorCorrectionLevel, path] = JSON.parse(readFileSync(0));"
        "await QRCode.toFile(path, text, { errorCorrectionLevel, scale: 8 });"
    )

    def draw(text, level, path):
        """A code of node's qrcode."""
        request = json.dumps([text, level, path]).encode()
        subprocess.run(["node", "--input-type=module", "-e", script], input=request, check=True)
        return modules_of(path)

    return draw


def codes(random, count, program, node):
    """`count` codes, the drawers in turn."""
    drawers = {"segno": by_segno, "qrencode": by_qrencode}
    if node:
        drawers["node"] = by_node(node)
    names = list(drawers) + (["totp-adapter"] if program else [])
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "code.png")
        for number in range(count):
            name = names[number % len(names)]
            if name == "totp-adapter":
                yield by_program(program, random, path)
                continue
            text, level = uri(random), str(random.choice(list("LMQH")))
            yield Code(name, text, level, drawers[name](text, level, path))


def by_program(program, random, path):
    """A code of the program itself: the text follows from the contract."""
    issuer, account, secret = random.choice(ISSUERS[:2]), random.choice(ACCOUNTS[:2]), a_secret(random)
    command = [program, "--operation", "GenerateAuthenticatorQRCode", "--issuer", issuer, "--account", account]
    document = f"<Secret>{secret}</Secret>".encode()
    Path(path).write_bytes(subprocess.run(command, input=document, capture_output=True, check=True).stdout)
    issuer, account = quote(issuer), quote(account)
    text = f"otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}"
    # Its level is the highest that the version has room for, so at least this.
    return Code("totp-adapter", text, "L", modules_of(path))


def drawn(code, scale=8, quiet=QUIET, dark=0, light=255):
    """The code as grey pixels, `scale` to a module (a fraction is drawn by area)."""
    grey = numpy.where(numpy.pad(code.modules, quiet), dark, light).astype(numpy.uint8)
    if scale == int(scale):
        return numpy.kron(grey, numpy.ones((int(scale), int(scale)), numpy.uint8))
    fine = numpy.kron(grey, numpy.ones((12, 12), numpy.uint8))
    side = round(len(grey) * scale)
    return cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)


def seen(grey, random, askew, border=255, angle=None):
    """The picture turned by any angle and its corners moved by up to `askew` of its side, in a frame that holds it."""
    side = len(grey)
    frame = int(side * 1.5)
    corners = numpy.float32([[0, 0], [side, 0], [side, side], [0, side]])
    angle = random.uniform(0, 2 * numpy.pi) if angle is None else angle
    turn = numpy.array([[numpy.cos(angle), -numpy.sin(angle)], [numpy.sin(angle), numpy.cos(angle)]])
    to = (corners - side / 2) @ turn.T + frame / 2 + random.uniform(-1, 1, (4, 2)) * askew * side
    view = cv2.getPerspectiveTransform(corners, to.astype(numpy.float32))
    return cv2.warpPerspective(grey, view, (frame, frame), flags=cv2.INTER_LINEAR, borderValue=border)


def noisy(grey, random, sigma):
    """Noise of a sensor."""
    return (grey.astype(float) + random.normal(0, sigma, grey.shape)).clip(0, 255).astype(numpy.uint8)


def blurred(grey, sigma):
    """Out of focus."""
    return cv2.GaussianBlur(grey, (0, 0), sigma)


def uneven(grey, random, depth):
    """Light from one side: the darkest place keeps 1 - depth of its light."""
    angle = random.uniform(0, 2 * numpy.pi)
    y, x = numpy.mgrid[-1 : 1 : grey.shape[0] * 1j, -1 : 1 : grey.shape[1] * 1j]
    light = 1 - depth * (0.5 + 0.5 * (x * numpy.cos(angle) + y * numpy.sin(angle)) / 1.42)
    return (grey * light).astype(numpy.uint8)


def flatter(grey, contrast, middle):
    """Less contrast around another grey."""
    return (middle + (grey.astype(float) - 128) * contrast).clip(0, 255).astype(numpy.uint8)


def file_of(pixels, form="PNG", **options):
    """The bytes of a file of these pixels."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def clean(code, random):
    """As it is drawn, 3 to 11 pixels a module."""
    return file_of(drawn(code, int(random.integers(3, 12))))


def rotated(code, random):
    """Turned by any angle."""
    return file_of(seen(drawn(code, int(random.integers(4, 9))), random, 0))


def perspective(code, random):
    """Seen from the side."""
    return file_of(seen(drawn(code, 7), random, random.uniform(0.05, 0.14)))


def blur(code, random):
    """Blurred by a quarter to two thirds of a module."""
    scale = int(random.integers(4, 9))
    return file_of(blurred(drawn(code, scale), scale * random.uniform(0.25, 0.65)))


def jpeg(code, random):
    """Much compressed."""
    return file_of(drawn(code, random.uniform(2.5, 6)), "JPEG", quality=int(random.integers(10, 61)))


def small(code, random):
    """One and a half to three pixels a module."""
    return file_of(drawn(code, random.uniform(1.5, 3)))


def nearest(code, random):
    """A screenshot scaled by dropping pixels: modules of unequal widths."""
    grey = drawn(code, 4)
    side = int(len(grey) * random.uniform(0.45, 1.4))
    return file_of(cv2.resize(grey, (side, side), interpolation=cv2.INTER_NEAREST))


def inverted(code, random):
    """White on black."""
    return file_of(255 - drawn(code, int(random.integers(3, 9))))


def low_contrast(code, random):
    """Two greys that differ little."""
    grey = flatter(drawn(code, int(random.integers(3, 8))), random.uniform(0.06, 0.3), random.uniform(60, 200))
    return file_of(noisy(grey, random, 1.5))


def uneven_light(code, random):
    """Light from one side."""
    grey = seen(drawn(code, 6), random, 0.03)
    return file_of(noisy(uneven(grey, random, random.uniform(0.5, 0.92)), random, 2))


def noise(code, random):
    """Noise of up to a third of the contrast."""
    return file_of(noisy(drawn(code, int(random.integers(3, 8))), random, random.uniform(20, 80)))


def dark_theme(code, random):
    """A white code on a dark page, without a quiet zone of its own."""
    page, ink = int(random.integers(0, 50)), int(random.integers(200, 256))
    code_pixels = drawn(code, int(random.integers(3, 7)), quiet=0, dark=ink, light=page)
    return file_of(numpy.pad(code_pixels, int(random.integers(20, 120)), constant_values=page))


def no_quiet_zone(code, random):
    """A dark code on white, on a dark page that touches it, or cut at its edge."""
    scale = int(random.integers(3, 7))
    page = int(random.integers(0, 256))
    return file_of(numpy.pad(drawn(code, scale, quiet=int(random.integers(0, 2))), 40, constant_values=page))


def text_around(image, random, count=60):
    """Lines of text all over the picture."""
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=int(random.integers(12, 22)))
    for _ in range(count):
        x, y = int(random.integers(0, image.width)), int(random.integers(0, image.height))
        draw.text((x, y), "Scan this QR code with your authenticator app, or enter the key", 60, font)


def screenshot(code, random):
    """1920 x 1080, a page of text and boxes, the code somewhere in it, 2 to 6 pixels a module."""
    image = Image.new("L", (1920, 1080), 245)
    text_around(image, random)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = int(random.integers(0, 1800)), int(random.integers(0, 1000))
        draw.rectangle([x, y, x + int(random.integers(10, 300)), y + int(random.integers(10, 90))], outline=90, width=2)
    pixels = drawn(code, int(random.integers(2, 7)))
    place = (int(random.integers(0, 1920 - len(pixels))), int(random.integers(0, 1080 - len(pixels))))
    image.paste(Image.fromarray(pixels), place)
    return file_of(image)


def several(code, random):
    """Two to four other codes beside the one with the otpauth URI."""
    others = [segno.make_qr(str(text)) for text in random.choice(OTHERS, int(random.integers(2, 5)), replace=False)]
    pictures = [drawn(Code("segno", "", "", numpy.array([list(r) for r in o.matrix], bool)), 5) for o in others]
    pictures.insert(int(random.integers(0, len(pictures) + 1)), drawn(code, 5))
    height = max(len(p) for p in pictures) + 40
    image = Image.new("L", (sum(p.shape[1] + 30 for p in pictures) + 30, height), 255)
    x = 30
    for pixels in pictures:
        image.paste(Image.fromarray(pixels), (x, int(random.integers(0, height - len(pixels)))))
        x += pixels.shape[1] + 30
    return file_of(image)


def transparent(code, random):
    """Dark modules on nothing: a decoder that drops alpha sees black on black (or, on a dark page, white on white)."""
    scale, white = int(random.integers(3, 8)), random.random() < 0.3
    alpha = 255 - drawn(code, scale)
    ink = numpy.full_like(alpha, 255 if white else 0)
    return file_of(Image.merge("LA", [Image.fromarray(ink), Image.fromarray(alpha)]))


def deep(code, random):
    """16 bits a sample."""
    grey = blurred(drawn(code, int(random.integers(3, 8))), 1).astype(numpy.uint16) * 257
    return file_of(Image.fromarray(grey))


def palette(code, random):
    """1, 2, 4 or 8 bits a pixel through a palette, colours as of a brand."""
    image = Image.fromarray(drawn(code, int(random.integers(3, 8)))).convert("P")
    ink, paper = random.integers(0, 110, 3), random.integers(190, 256, 3)
    table = numpy.linspace(ink, paper, 256).astype(int)
    image.putpalette(table.flatten().tolist())
    return file_of(image.quantize(int(random.choice([2, 4, 16, 256]))), str(random.choice(["PNG", "GIF", "BMP"])))


def coloured(code, random):
    """Two colours that differ in hue more than in light."""
    pairs = [((0, 70, 160), (255, 255, 255)), ((200, 30, 30), (255, 250, 240)), ((0, 0, 0), (255, 210, 0))]
    pairs += [((20, 110, 60), (220, 245, 230)), ((255, 120, 0), (255, 255, 255)), ((90, 0, 120), (200, 180, 255))]
    dark, light = pairs[int(random.integers(0, len(pairs)))]
    pixels = numpy.where((drawn(code, int(random.integers(3, 8))) < 128)[..., None], dark, light).astype(numpy.uint8)
    return file_of(pixels, "JPEG" if random.random() < 0.5 else "PNG")


def cmyk(code, random):
    """A JPEG for printers."""
    return file_of(Image.fromarray(drawn(code, int(random.integers(3, 7)))).convert("CMYK"), "JPEG", quality=80)


def exif(code, random):
    """A photograph whose pixels lie on their side or are mirrored, as its Exif orientation says."""
    orientation = int(random.integers(2, 9))
    tags = Image.Exif()
    tags[0x0112] = orientation
    image = Image.fromarray(seen(drawn(code, 6), random, 0.05))
    mirrored = {2: Image.Transpose.FLIP_LEFT_RIGHT, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    mirrored |= {5: Image.Transpose.TRANSPOSE, 7: Image.Transpose.TRANSVERSE}
    if orientation in mirrored:
        image = image.transpose(mirrored[orientation])
    return file_of(image, "JPEG", quality=70, exif=tags)


def animated(code, random):
    """GIF or WebP, the code in the first of several frames."""
    first = Image.fromarray(drawn(code, int(random.integers(3, 7))))
    blank = [Image.new("L", first.size, shade) for shade in (255, 128, 0)]
    form = str(random.choice(["GIF", "WEBP"]))
    return file_of(first, form, save_all=True, append_images=blank, duration=100)


def webp(code, random):
    """Compressed as for web pages, or lossless."""
    pixels = Image.fromarray(drawn(code, random.uniform(2.5, 6)))
    return file_of(pixels, "WEBP", quality=int(random.integers(10, 61)), lossless=bool(random.random() < 0.3))


def logo(code, random):
    """A picture over the middle, as far as the level of correction bears."""
    bears = {"L": 0.10, "M": 0.16, "Q": 0.22, "H": 0.26}[code.level]
    pixels = drawn(code, 6)
    side, middle = int(len(code.modules) * 6 * bears * random.uniform(0.6, 1)), len(pixels) // 2
    covered = slice(middle - side // 2, middle + side // 2)
    pixels[covered, covered] = int(random.integers(60, 256))
    return file_of(pixels)


def photograph(code, random):
    """All of it at once: askew, blurred, flat, unevenly lit, noisy, a JPEG; about what a phone makes of a screen."""
    severity = random.uniform(0.3, 1.0)
    scale = random.uniform(3, 8)
    page = int(random.integers(90, 256))
    pixels = seen(drawn(code, scale), random, 0.07 * severity, border=page)
    pixels = blurred(pixels, 0.3 + scale * 0.28 * severity)
    pixels = flatter(pixels, 1 - 0.6 * severity, 128)
    pixels = noisy(uneven(pixels, random, 0.5 * severity), random, 9 * severity)
    return file_of(pixels, "JPEG", quality=int(90 - 60 * severity))


def moire(code, random):
    """A photograph of a screen, whose pixels show as stripes."""
    pixels = drawn(code, 6).astype(float)
    rows, columns = (numpy.arange(count) % 3 for count in pixels.shape)
    stripes = 1 - 0.25 * (rows == 0)[:, None] - 0.2 * (columns == 1)
    return file_of(seen((pixels * stripes).clip(0, 255).astype(numpy.uint8), random, 0.04), "JPEG", quality=60)


def large_photograph(code, random):
    """12 megapixels, the code over a third to nine tenths of the height, a textured table around it."""
    height, width = 3000, 4000
    table = cv2.resize(random.integers(70, 190, (75, 100)).astype(numpy.uint8), (width, height))
    side = int(height * random.uniform(0.35, 0.9))
    pixels = cv2.resize(drawn(code, 8), (side, side), interpolation=cv2.INTER_AREA)
    angle = random.uniform(0, 2 * numpy.pi)
    turn = numpy.array([[numpy.cos(angle), -numpy.sin(angle)], [numpy.sin(angle), numpy.cos(angle)]])
    corners = numpy.float32([[0, 0], [side, 0], [side, side], [0, side]])
    to = (corners - side / 2) @ turn.T * 0.75 + [width / 2, height / 2] + random.uniform(-0.04, 0.04, (4, 2)) * side
    view = cv2.getPerspectiveTransform(corners, to.astype(numpy.float32))
    cv2.warpPerspective(pixels, view, (width, height), table, cv2.INTER_AREA, cv2.BORDER_TRANSPARENT)
    shot = noisy(blurred(uneven(table, random, 0.4), random.uniform(1, 4)), random, 6)
    return file_of(shot, "JPEG", quality=85)


def page_and_ink(random, light_on_dark):
    """Two greys, the page first: black, white or near them, and one that differs enough to be seen."""
    page = int(random.integers(0, 40))
    ink = int(random.choice([page + random.integers(60, 130), random.integers(200, 256)]))
    return (page, ink) if light_on_dark else (255 - page, 255 - ink)


def dim_on_dark(code, random):
    """Grey modules on a dark page, with little contrast."""
    page = int(random.integers(0, 50))
    ink = page + int(random.integers(30, 110))
    return file_of(noisy(drawn(code, int(random.integers(3, 9)), dark=ink, light=page), random, 1.5))


def coloured_on_dark(code, random):
    """Coloured modules on the dark page of an editor or a terminal."""
    pages = [(0, 0, 0), (30, 30, 30), (40, 42, 54), (0, 43, 54), (48, 10, 36), (1, 36, 86)]
    inks = [(255, 85, 85), (80, 120, 255), (190, 60, 220), (0, 170, 80), (255, 140, 0), (0, 175, 215), (205, 49, 49)]
    page, ink = pages[int(random.integers(0, len(pages)))], inks[int(random.integers(0, len(inks)))]
    pixels = numpy.where((drawn(code, int(random.integers(3, 8))) < 128)[..., None], ink, page).astype(numpy.uint8)
    return file_of(pixels, "JPEG" if random.random() < 0.5 else "PNG")


def noise_on_dark(code, random):
    """White on black with the noise of `noise`."""
    return file_of(noisy(255 - drawn(code, int(random.integers(3, 8))), random, random.uniform(20, 80)))


def photograph_of_dark(code, random):
    """What a phone makes of a code in white on a dark screen."""
    severity, scale = random.uniform(0.3, 0.9), random.uniform(3, 8)
    pixels = seen(255 - drawn(code, scale), random, 0.07 * severity, border=int(random.integers(0, 60)))
    pixels = blurred(pixels, 0.3 + scale * 0.28 * severity)
    pixels = flatter(pixels, 1 - 0.5 * severity, 110)
    pixels = noisy(uneven(pixels, random, 0.4 * severity), random, 8 * severity)
    return file_of(pixels, "JPEG", quality=int(90 - 60 * severity))


def dark_screenshot(code, random):
    """`screenshot` in dark mode: everything inverted, and of less contrast."""
    image = Image.open(io.BytesIO(screenshot(code, random)))
    return file_of(flatter(255 - numpy.array(image), random.uniform(0.4, 1), 128 - int(random.integers(0, 60))))


def in_a_window(pixels, random):
    """The picture by itself, or as a window on a screen of another grey, with text around it."""
    if random.random() < 0.5:
        return file_of(pixels)
    height, width = (max(least, side + 200) for least, side in zip((1080, 1920), pixels.shape))
    image = Image.new("L", (width, height), int(random.integers(0, 256)))
    text_around(image, random)
    image.paste(Image.fromarray(pixels), (int(random.integers(0, 200)), int(random.integers(0, 200))))
    return file_of(image)


def terminal_lines(code, random):
    """Half blocks in a terminal with space between its lines: blocks of one colour, dark modules or light ones, on a
    page of the other. Where the blocks are the light modules, they are the quiet zone too."""
    page, block = page_and_ink(random, random.random() < 0.7)
    modules = numpy.pad(code.modules, QUIET)
    blocks = modules if random.random() < 0.5 else ~modules
    blocks = numpy.pad(blocks, ((0, len(blocks) % 2), (0, 0)))
    width = int(random.integers(4, 16))
    gap = int(random.integers(1, max(2, width // 2 + 1)))
    height = width + int(random.integers(-1, 2))
    cells = numpy.kron(blocks, numpy.ones((height, width), bool))
    lines = cells.reshape(len(blocks) // 2, 2 * height, -1)
    drawing = numpy.pad(lines, ((0, 0), (0, gap), (0, 0))).reshape(-1, cells.shape[1])
    pixels = numpy.where(drawing, block, page).astype(numpy.uint8)
    return in_a_window(numpy.pad(pixels, int(random.integers(10, 80)), constant_values=page), random)


def grid(code, random, cell):
    """Every dark module as the same small shape, a picture of truth, dark on light or light on dark."""
    page, ink = page_and_ink(random, random.random() < 0.4)
    shapes = numpy.kron(numpy.pad(code.modules, QUIET), cell)
    return numpy.where(shapes, ink, page).astype(numpy.uint8)


def table_cells(code, random):
    """A table of HTML whose cells have 1 to 4 pixels of the page between them."""
    side = int(random.integers(4, 18))
    gap = int(random.integers(1, min(5, side // 2 + 1)))
    cell = numpy.pad(numpy.ones((side, side), bool), ((0, gap), (0, gap)))
    return in_a_window(grid(code, random, cell), random)


def dots(code, random):
    """Modules drawn as dots of 60 to 95 % of their cell, as designers like them; some keep the finder patterns whole."""
    side = int(random.integers(5, 14))
    fine = 4 * side
    y, x = numpy.mgrid[0:fine, 0:fine] - (fine - 1) / 2
    pixels = grid(code, random, numpy.hypot(x, y) < fine / 2 * random.uniform(0.6, 0.95))
    if random.random() < 0.6:
        solid = numpy.kron(numpy.pad(code.modules, QUIET), numpy.ones((fine, fine), bool))
        page, ink = pixels[0, 0], pixels[pixels != pixels[0, 0]][0]
        first, last = slice(QUIET * fine, (QUIET + 7) * fine), slice(-(QUIET + 7) * fine, -QUIET * fine)
        for finder in [(first, first), (first, last), (last, first)]:
            pixels[finder] = numpy.where(solid[finder], ink, page)
    return in_a_window(cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), random)


def large_scan(code, random):
    """A page of A4 at 300 dpi, full of text, with a code of 1.3 to 3.4 cm; the paper is not white and the sensor noisy."""
    image = Image.new("L", (2480, 3508), 240)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=40)
    for line in range(48):
        draw.text((200, 200 + line * 64), "Scan this QR code with your authenticator app, or enter the key below " * 2, 40, font)
    side = int(random.integers(150, 401))
    side = max(side, (len(code.modules) + 2 * QUIET) * 3)
    pixels = cv2.resize(drawn(code, 12), (side, side), interpolation=cv2.INTER_AREA)
    place = (int(random.integers(0, 2480 - side)), int(random.integers(0, 3508 - side)))
    image.paste(Image.fromarray(pixels), place)
    angle = random.uniform(-1.5, 1.5)
    page = image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=240)
    return file_of(noisy(blurred(numpy.array(page), 0.7), random, 4), "JPEG", quality=80)


def two_screens(code, random):
    """Two screens of 3840 x 2160 beside each other, one dark and one light, text and windows on both, the code on one."""
    image = Image.new("L", (7680, 2160), 245)
    text_around(image, random, 300)
    dark = image.crop((0, 0, 3840, 2160)).point(lambda grey: 255 - grey * 9 // 10)
    image.paste(dark, (0, 0))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = int(random.integers(0, 7500)), int(random.integers(0, 2000))
        draw.rectangle([x, y, x + int(random.integers(10, 700)), y + int(random.integers(10, 500))], outline=120, width=2)
    pixels = drawn(code, int(random.integers(2, 7)))
    if random.random() < 0.3:
        pixels = 255 - pixels
    place = (int(random.integers(0, 7680 - len(pixels))), int(random.integers(0, 2160 - len(pixels))))
    image.paste(Image.fromarray(pixels), place)
    return file_of(image)


KINDS = [clean, rotated, perspective, blur, jpeg, small, nearest, inverted, low_contrast, uneven_light, noise]
KINDS += [dark_theme, no_quiet_zone, screenshot, several, transparent, deep, palette, coloured, cmyk, exif, animated]
KINDS += [webp, logo, photograph, moire, large_photograph]
# What follows came later. The number of a kind is part of its seed, so that new ones stand at the end.
KINDS += [dim_on_dark, coloured_on_dark, noise_on_dark, photograph_of_dark, dark_screenshot, terminal_lines, table_cells]
KINDS += [dots, large_scan, two_screens]


def main():
    """Writes the set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=24, help="pictures of every kind")
    parser.add_argument("--seed", type=int, default=6238)
    parser.add_argument("--kinds", nargs="*", help="of these kinds only")
    parser.add_argument("--program", help="the program, as a drawer of its own codes")
    parser.add_argument("--node", help="a folder whose node_modules has qrcode")
    arguments = parser.parse_args()

    arguments.folder.mkdir(parents=True, exist_ok=True)
    with open(arguments.folder / "pictures.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "kind", "drawer", "version", "level", "text"])
        for number, kind in enumerate(KINDS):
            if arguments.kinds is not None and kind.__name__ not in arguments.kinds:
                continue
            random = numpy.random.default_rng([arguments.seed, number])
            for index, code in enumerate(codes(random, arguments.each, arguments.program, arguments.node)):
                name = f"{kind.__name__}-{index:03}"
                picture = kind(code, random)
                (arguments.folder / name).write_bytes(picture)
                table.writerow([name, kind.__name__, code.drawer, code.version, code.level, code.text])


if __name__ == "__main__":
    main()
