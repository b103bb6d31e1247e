"""QR codes of links and receipts: as an SVG, as rows of modules, and as text for a terminal."""

from __future__ import annotations

import io

import segno


def qr_svg(text: str) -> str:
    """An SVG document of its own size in modules; scale it by style. Raises ValueError for what is not ASCII."""
    out = io.BytesIO()
    _code(text).save(
        out, kind="svg", light="#fff", xmldecl=False, svgclass=None, lineclass=None, border=4, omitsize=True
    )
    return out.getvalue().decode("ascii").strip()


def qr_rows(text: str) -> list[str]:
    """Rows of modules, `1` is dark, without the quiet zone of four that a reader needs round them."""
    return ["".join("1" if module else "0" for module in row) for row in _code(text).matrix]


def qr_terminal(text: str) -> list[str]:
    """Lines of half blocks, two rows of modules a line; light modules are drawn: for light text on a dark ground."""
    rows = [[bool(module) for module in row] for row in _code(text).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(_BLOCKS[upper, lower] for upper, lower in zip(*pair, strict=True)) for pair in pairs]


_BLOCKS = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}


def _code(text: str) -> segno.QRCode:
    if not text.isascii():
        raise ValueError("a QR code's text is ASCII: scanners guess other encodings")
    return segno.make_qr(text, error="m")
