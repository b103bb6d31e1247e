"""Draws a stamp below a picture with OpenCV: text in Chinese, and a QR code with the digest of the encoded frame."""

from __future__ import annotations

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

from media.fonts import StampFont
from media.stamp import QUIET_ZONE_MODULES, StampLayout, StampText, lay_out

BAND_COLOR = 32
TEXT_COLOR = (255, 255, 255)
LINE_COLOR = (0, 190, 255)

Image = NDArray[np.uint8]


def draw_stamp(picture: Image, stamp: StampText, digest: str, font: StampFont) -> Image:
    """A new BGR picture: the given one, untouched, with the band below it.

    Raises MediaError `character_not_supported` where a character would not be shown.
    """
    font.require("".join(stamp.lines))
    code = code_matrix(digest)
    height, width = picture.shape[:2]
    layout = lay_out(width, height, stamp.lines, len(code), font.width_px)
    image: Image = np.full((height + layout.band_height, layout.width, 3), BAND_COLOR, np.uint8)
    image[:height, :width] = picture
    image[height : height + 2] = LINE_COLOR
    for text in layout.texts:
        cv2.putText(image, text.text, (text.x, text.y), TEXT_COLOR, font.face, layout.text_px)
    _draw_code(image, code, layout)
    return image


def code_matrix(digest: str) -> NDArray[np.uint8]:
    """The QR code of a hexadecimal digest, 1 for dark. Upper case: it fits the smaller alphanumeric form."""
    code = segno.make(digest.upper(), micro=False, error="l", boost_error=True)
    return np.array([list(row) for row in code.matrix], np.uint8)


def _draw_code(image: Image, code: NDArray[np.uint8], layout: StampLayout) -> None:
    framed = np.pad(code, QUIET_ZONE_MODULES)
    pixels = np.kron(255 * (1 - framed), np.ones((layout.module_px, layout.module_px), np.uint8))
    size = len(pixels)
    image[layout.code_y : layout.code_y + size, layout.code_x : layout.code_x + size] = pixels[:, :, None]
