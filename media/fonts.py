"""The font of the stamp, and what it can show. A name with a character outside of it is refused, never replaced."""

from __future__ import annotations

import os
import unicodedata
from functools import cached_property
from pathlib import Path

from media.errors import Kind, MediaError

#: Debian's fonts-noto-cjk: the widest coverage (all of Extension A, names' characters of Extension B such as 𠮷).
NOTO_COLLECTIONS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc"),
)
SIMPLIFIED_FACE = "Noto Sans CJK SC"


def character_not_supported(characters: str) -> MediaError:
    """The message is the characters themselves, so that the user is told which."""
    return MediaError(Kind.INVALID, "character_not_supported", characters)


class StampFont:
    """One font file, loaded when first used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> None:
        """Read the file now, so that the first stamp need not. Raises MediaError where it is no font."""
        self.width_px(" ", 20)
        self.require(" ")

    def missing_characters(self, text: str) -> str:
        """The characters of `text` that this font cannot show, each once, in order; '' where it can show all."""
        return "".join(dict.fromkeys(char for char in text if not self._shows(char)))

    def _shows(self, char: str) -> bool:
        return ord(char) in self._coverage and unicodedata.category(char) not in ("Cc", "Cf")

    def require(self, text: str) -> None:
        """Raises MediaError `character_not_supported` where something would not be shown."""
        missing = self.missing_characters(text)
        if missing:
            raise character_not_supported(missing)

    def width_px(self, text: str, size_px: int) -> int:
        import cv2

        left, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), self.face, size_px)
        return int(left + width)

    @cached_property
    def face(self):  # type: ignore[no-untyped-def]  # OpenCV's stubs know no FontFace of this version
        import cv2

        face = cv2.FontFace(str(self.path))
        if not face.getName():
            raise MediaError(Kind.INTERNAL, "font_unreadable", self.path.name)
        return face

    @cached_property
    def _coverage(self) -> frozenset[int]:
        from fontTools.ttLib import TTFont

        with TTFont(str(self.path), lazy=True) as font:
            return frozenset(code for code, glyph in font.getBestCmap().items() if glyph != ".notdef")


def open_font(cache_directory: Path, collections: tuple[Path, ...] = NOTO_COLLECTIONS) -> StampFont:
    """Debian's Noto Sans CJK where it is installed, else the font that is installed with us.

    Face 0 of the collection has Japanese glyph shapes, and OpenCV takes face 0: the simplified one is copied out once
    into `cache_directory`.
    """
    for collection in collections:
        if collection.is_file():
            return StampFont(_simplified_face(collection, cache_directory))
    import pylopdf_fonts_zh_cn

    return StampFont(Path(pylopdf_fonts_zh_cn.sans_path()))


def _simplified_face(collection: Path, cache_directory: Path) -> Path:
    stamp = collection.stat()
    copied = cache_directory / f"NotoSansCJKsc-{stamp.st_size}-{stamp.st_mtime_ns}.otf"
    if not copied.exists():
        _copy_face(collection, copied)
    return copied


def _copy_face(collection: Path, target: Path) -> None:
    from fontTools.ttLib import TTCollection

    target.parent.mkdir(parents=True, exist_ok=True)
    making = target.with_suffix(f".{os.getpid()}.tmp")
    with TTCollection(str(collection), lazy=True) as fonts:
        face = next(font for font in fonts.fonts if font["name"].getDebugName(4) == SIMPLIFIED_FACE)
        face.save(str(making))
    making.replace(target)
