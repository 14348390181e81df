"""QR codes as drawings."""

import segno


def qr_svg(address: str) -> str:
    """Return a QR code (error correction M) as an SVG drawing without a border; the page leaves white round it."""
    matrix = segno.make(address, error="m", micro=False).matrix
    cells = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark)
    size = len(matrix)
    return (
        f'<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" '
        f'aria-label="QR" shape-rendering="crispEdges"><path d="{cells}" fill="#161B1E"/></svg>'
    )
