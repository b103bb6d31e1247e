"""What is drawn: the picture untouched, the code readable, every character right or refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pylopdf_fonts_zh_cn
import pytest
from fontTools.ttLib import TTFont

from media.errors import MediaError
from media.fonts import NOTO_COLLECTIONS, StampFont, open_font
from media.stamp import StampText
from media.stamp_draw import draw_stamp
from tests.media.clips import picture

pytestmark = pytest.mark.integration

DIGEST = "3fe1c07d9a25b4c80f6e7d1122334455" * 2
STAMP = StampText(("场所:幸福里社区老王家常菜馆", "位置 30.27415, 120.15515 ±8 m (WGS-84)"))


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> StampFont:
    return open_font(tmp_path_factory.mktemp("fonts"))


@pytest.fixture(scope="module")
def shipped_font() -> StampFont:
    return StampFont(Path(pylopdf_fonts_zh_cn.sans_path()))


def drawn(font: StampFont, text: str) -> np.ndarray:
    image = np.zeros((60, 60, 3), np.uint8)
    cv2.putText(image, text, (10, 45), (255, 255, 255), font.face, 40)
    return image


@pytest.mark.parametrize(("width", "height"), [(16, 16), (320, 240), (360, 640), (1280, 720)])
def test_no_pixel_of_the_picture_is_covered(font: StampFont, width: int, height: int) -> None:
    source = picture(5, 1280, 720)[:height, :width]
    stamped = draw_stamp(source, STAMP, DIGEST, font)
    assert np.array_equal(stamped[:height, :width], source)
    assert stamped[height:].max() == 255


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_the_code_reads_back_from_the_jpeg(font: StampFont, width: int) -> None:
    stamped = draw_stamp(picture(5, width, 240), STAMP, DIGEST, font)
    jpeg = cv2.imencode(".jpg", stamped, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    assert cv2.QRCodeDetectorAruco().detectAndDecode(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))[0] == DIGEST.upper()


@pytest.mark.parametrize("character", "℃㙍䶮±②国")
def test_rare_characters_are_drawn_and_not_replaced(font: StampFont, shipped_font: StampFont, character: str) -> None:
    for each in (font, shipped_font):
        assert each.missing_characters(character) == ""
        assert drawn(each, character).any()
        assert not np.array_equal(drawn(each, character), drawn(each, "?"))


def test_a_character_outside_the_font_is_refused_by_name(shipped_font: StampFont) -> None:
    with pytest.raises(MediaError) as refusal:
        draw_stamp(picture(1, 320, 240), StampText(("申请人:𠮷田", "😀")), DIGEST, shipped_font)
    assert refusal.value.code == "character_not_supported"
    assert refusal.value.message == "𠮷😀"


#: Of each level of GB 18030, and of what names are registered with: Basic, Extension A, Extension B and later,
#: ideographs among the compatibility ones, signs, private use (where older systems put 䶮 and others).
NAMES = "国王囧喆堃淼龘 㙍㛃㬎䶮䶵 𠮷𡋾𬀩𬭎𪩘𫖯𬬭𱍊 﨎﨏﨑 ℃№㎡ \ue863\uf8f5"


def test_each_character_of_a_name_is_drawn_as_itself_or_refused_by_name(
    font: StampFont, shipped_font: StampFont
) -> None:
    """What counts as shown has a glyph in the font that is drawn, another than that of a missing one."""
    for each in (font, shipped_font):
        with TTFont(str(each.path), lazy=True) as opened:
            glyphs = opened.getBestCmap()
        unknown = drawn(each, "\U0003fffd")
        for character in NAMES.replace(" ", ""):
            if each.missing_characters(character):
                with pytest.raises(MediaError, match="character_not_supported") as refusal:
                    draw_stamp(picture(1, 320, 240), StampText((f"申请人：{character}",)), DIGEST, each)
                assert refusal.value.message == character
            else:
                assert glyphs[ord(character)] != ".notdef"
                assert drawn(each, character).any() and not np.array_equal(drawn(each, character), unknown)
                draw_stamp(picture(1, 320, 240), StampText((f"申请人：{character}",)), DIGEST, each)


def test_all_of_the_basic_set_and_extension_a_are_shown(font: StampFont, shipped_font: StampFont) -> None:
    """The basic block as of Unicode 10, and Extension A: nearly all of level 1 of GB 18030-2022."""
    everyday = "".join(map(chr, [*range(0x3400, 0x4DB6), *range(0x4E00, 0x9FEB)]))
    assert font.missing_characters(everyday) == "" and shipped_font.missing_characters(everyday) == ""


def test_variation_selectors_and_combining_marks_are_refused(font: StampFont) -> None:
    assert font.missing_characters("葛\U000e0100") == "\U000e0100"
    assert font.missing_characters("e\u0489") == "\u0489"


def test_invisible_characters_are_refused(font: StampFont) -> None:
    assert font.missing_characters("a\u200bb\nc\u202ed") == "\u200b\n\u202e"


@pytest.mark.skipif(not any(path.exists() for path in NOTO_COLLECTIONS), reason="fonts-noto-cjk is not installed")
def test_with_noto_cjk_names_of_extension_b_are_right_and_shapes_are_chinese(font: StampFont, tmp_path: Path) -> None:
    assert font.missing_characters("𠮷") == ""
    assert not np.array_equal(drawn(font, "𠮷"), drawn(font, "?"))
    assert not np.array_equal(drawn(font, "𠮷"), drawn(font, "吉"))
    japanese = StampFont(next(path for path in NOTO_COLLECTIONS if path.exists()))
    assert not np.array_equal(drawn(font, "直"), drawn(japanese, "直"))


def test_without_noto_cjk_the_shipped_font_serves(tmp_path: Path, shipped_font: StampFont) -> None:
    assert open_font(tmp_path, collections=()).path == shipped_font.path
