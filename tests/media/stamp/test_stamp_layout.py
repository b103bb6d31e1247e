"""The stamp stands below the picture, readable at every width, with every word of its lines."""

from __future__ import annotations

import pytest

from media.stamp import StampText, lay_out, wrap

pytestmark = pytest.mark.unit

LINES = (
    "YTK-2026-0001 第1次 核查 食品经营许可",
    "申请人:杭州市西湖区老王家常菜馆餐饮服务有限公司(手机验证码)",
    "服务器时间:2026-11-24 11:22:33.456 +08:00 帧 1234",
)


def measure(text: str, size: int) -> int:
    """Chinese characters are square, others half as wide."""
    return sum(size if ord(char) > 0x2E80 else size // 2 for char in text)


SIZES = [(16, 16), (160, 120), (320, 240), (320, 568), (640, 272), (1280, 720), (1920, 1080)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_stands_below_the_picture_and_within_the_width(width: int, height: int) -> None:
    layout = lay_out(width, height, LINES, 29, measure)
    width = max(width, 320)
    code_px = (29 + 8) * layout.module_px
    assert all(text.y - layout.text_px >= height - 1 for text in layout.texts)
    assert all(text.x + measure(text.text, layout.text_px) <= width for text in layout.texts)
    assert layout.code_y > height
    assert 0 <= layout.code_x
    assert layout.code_x + code_px <= width
    assert layout.code_y + code_px <= height + layout.band_height
    assert layout.texts[-1].y <= height + layout.band_height


@pytest.mark.parametrize("width", [160, 320, 640, 1280])
def test_the_code_covers_no_text(width: int) -> None:
    layout = lay_out(width, 240, LINES, 29, measure)
    code_bottom = layout.code_y + (29 + 8) * layout.module_px
    for text in layout.texts:
        beside = text.x + measure(text.text, layout.text_px) <= layout.code_x
        above = text.y <= layout.code_y
        assert beside or above or text.y - layout.text_px >= code_bottom


def test_wrapping_loses_no_character() -> None:
    for width_px in (40, 100, 250):
        pieces = wrap(LINES[1], width_px, 17, measure)
        assert "".join(pieces) == LINES[1]
        assert all(measure(piece, 17) <= width_px for piece in pieces)


def test_wrapping_breaks_latin_text_at_spaces() -> None:
    assert wrap("alpha beta gamma", measure("alpha beta g", 16), 16, measure) == ["alpha beta", "gamma"]


def test_text_grows_with_the_picture_within_bounds() -> None:
    sizes = [lay_out(width, 100, LINES, 29, measure).text_px for width in (16, 320, 1280, 3840)]
    assert sizes == [17, 17, 30, 30]


def test_the_number_of_the_frame_is_put_in() -> None:
    assert StampText(("帧 {frame}",)).with_frame(7).lines == ("帧 7",)
