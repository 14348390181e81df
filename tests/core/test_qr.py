"""QR codes: a reader finds what was put in."""

import re

import zxingcpp

from lms.core.qr import qr_svg

SIDE = 8
"""Points of a square; and of white round the code, in squares: 4."""


def read(svg: str) -> str:
    """Draw the squares of the drawing and read them."""
    size = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])  # type: ignore[index]
    width = (size + 8) * SIDE
    points = bytearray(b"\xff" * width * width)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg):
        for row in range(SIDE):
            start = ((int(y) + 4) * SIDE + row) * width + (int(x) + 4) * SIDE
            points[start : start + SIDE] = bytes(SIDE)
    pixels = bytes(points)  # the reader looks at them and keeps none of its own
    [code] = zxingcpp.read_barcodes(zxingcpp.ImageView(pixels, width, width, zxingcpp.ImageFormat.Lum))
    return str(code.text)


def test_a_reader_finds_the_address() -> None:
    address = "https://xuetang.example/courses/c01/lessons/c01-l01"
    assert read(qr_svg(address)) == address
    assert 'role="img"' in qr_svg(address)
