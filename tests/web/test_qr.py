"""QR codes, read back by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from web.qr import qr_svg, qr_terminal

pytestmark = pytest.mark.unit

LINK = "https://192.168.3.7:8443/i/abcdefghijklmnopqrstuvwxyz"
HALVES = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}


def picture_of(lines: list[str], module_px: int = 8) -> np.ndarray:
    """What a terminal with light text on a dark ground shows."""
    rows = [[HALVES[char][half] for char in line] for line in lines for half in (0, 1)]
    return np.kron(np.array(rows, np.uint8), np.ones((module_px, module_px), np.uint8))


def test_a_scanner_reads_the_link_from_the_terminal():
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture_of(qr_terminal(LINK)))
    assert text == LINK


def test_the_terminal_code_fits_beside_text_in_eighty_columns():
    lines = qr_terminal(LINK)
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 45 and len(lines) <= 23


def test_the_svg_has_a_light_ground_of_its_own_and_no_script():
    svg = qr_svg(LINK)
    assert svg.startswith("<svg ") and svg.endswith("</svg>")
    assert "#fff" in svg and "viewBox" in svg and "script" not in svg


@pytest.mark.parametrize("make", [qr_svg, qr_terminal])
def test_text_that_is_not_ascii_is_refused(make):
    with pytest.raises(ValueError, match="ASCII"):
        make("https://例.example/")
