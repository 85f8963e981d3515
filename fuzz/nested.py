"""Files of 1 MB that are chunks in chunks, or thousands of them: seeds for the fuzz target `picture`.

    python3 fuzz/nested.py FOLDER
"""

import struct
import sys
import zlib
from pathlib import Path

SIZE = 1_000_000


def riff(kind, length, data):
    """A chunk of a WebP that says to be so long (RFC 9649, section 2.3)."""
    return kind + struct.pack("<I", length) + data


def webp(chunks):
    head = riff(b"VP8X", 10, bytes([2, 0, 0, 0, 99, 0, 0, 99, 0, 0])) + riff(b"ANIM", 6, bytes(6))
    body = b"WEBP" + head + chunks
    return riff(b"RIFF", len(body), body)


def frames_in_frames():
    """Each frame of an animation holds the next."""
    depth = SIZE // 24
    return webp(b"".join(riff(b"ANMF", 16 + 24 * level, bytes(16)) for level in reversed(range(depth))))


def frames():
    return webp(riff(b"ANMF", 24, bytes(24)) * (SIZE // 32))


def png_texts():
    """More texts than anybody reads."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(90)))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"tEXt", b"a\0") * (SIZE // 14) + pixels + chunk(b"IEND", b"")


def jpeg_segments():
    """More parts of a description than anybody writes."""
    name = b"http://ns.adobe.com/xmp/extension/\0"
    data = name + b"A" * 32 + struct.pack(">II", 2**31, 0) + b"x"
    return b"\xff\xd8" + (b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data) * (SIZE // (len(data) + 4))


def gif_blocks():
    """A comment of a million parts."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0x80, 0, 0) + bytes(6)
    return screen + b"\x21\xfe" + b"\x01x" * (SIZE // 2) + b"\0;"


def main():
    folder = Path(sys.argv[1])
    for name, make in {
        "frames-in-frames.webp": frames_in_frames,
        "frames.webp": frames,
        "texts.png": png_texts,
        "segments.jpg": jpeg_segments,
        "blocks.gif": gif_blocks,
    }.items():
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main()
