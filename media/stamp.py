"""Where the stamp's text and code go: a dark band below the picture, so that no pixel of evidence is covered. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Stands in a line for the number of the frame, until it is known which frame it is.
FRAME_TOKEN = "{frame}"
SMALLEST_TEXT_PX = 17
LARGEST_TEXT_PX = 30
#: From this width on the code stands beside the text, below it otherwise.
CODE_BESIDE_FROM_PX = 560
QUIET_ZONE_MODULES = 4
#: A narrower picture is set on a wider ground, so that its stamp can be read.
NARROWEST_PX = 320

#: Width in pixels of a text at a size in pixels.
Measure = Callable[[str, int], int]


@dataclass(frozen=True, slots=True)
class StampText:
    """The lines of a stamp, in order; `{frame}` in them becomes the number of the frame."""

    lines: tuple[str, ...]

    def with_frame(self, frame_index: int) -> StampText:
        return StampText(tuple(line.replace(FRAME_TOKEN, str(frame_index)) for line in self.lines))


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A piece of text with the left end of its baseline."""

    text: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class StampLayout:
    """The whole is `width` x (`picture_height` + `band_height`), the picture at its top left, whence places count."""

    width: int
    picture_height: int
    band_height: int
    text_px: int
    texts: tuple[PlacedText, ...]
    code_x: int
    code_y: int
    module_px: int


def lay_out(width: int, height: int, lines: Sequence[str], code_modules: int, measure: Measure) -> StampLayout:
    """Place `lines` and a square code of `code_modules` (without its quiet zone) below a picture of that size."""
    width = max(width, NARROWEST_PX)
    text_px = max(SMALLEST_TEXT_PX, min(LARGEST_TEXT_PX, round(width / 40)))
    margin = max(6, text_px // 2)
    module_px = 3 if width < 1000 else 4
    code_px = (code_modules + 2 * QUIET_ZONE_MODULES) * module_px
    beside = width >= CODE_BESIDE_FROM_PX
    text_width = width - 2 * margin - (code_px + margin if beside else 0)
    pieces = [piece for line in lines for piece in wrap(line, text_width, text_px, measure)]
    leading = round(text_px * 1.25)
    first = height + margin + round(text_px * 0.85)
    texts = tuple(PlacedText(piece, margin, first + at * leading) for at, piece in enumerate(pieces))
    text_height = leading * len(pieces)
    code_y = height + margin + (0 if beside else text_height)
    content = max(text_height, code_px) if beside else text_height + code_px
    band = content + 2 * margin
    band += (height + band) % 2
    return StampLayout(width, height, band, text_px, texts, width - margin - code_px, code_y, module_px)


def wrap(line: str, width_px: int, text_px: int, measure: Measure) -> list[str]:
    """The line in pieces that fit. Breaks at the last space where that leaves more than half a piece, else anywhere,
    as Chinese does. A single character wider than the room stands alone."""
    pieces: list[str] = []
    rest = line.strip()
    while rest:
        length = _fitting(rest, width_px, text_px, measure)
        space = rest.rfind(" ", length // 2, length + 1) if length < len(rest) else -1
        if space > 0 and rest[length - 1 : length + 1].isascii():
            length = space
        pieces.append(rest[:length].rstrip())
        rest = rest[length:].lstrip()
    return pieces


def _fitting(text: str, width_px: int, text_px: int, measure: Measure) -> int:
    """How many characters from the start fit; at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle], text_px) <= width_px:
            low = middle
        else:
            high = middle - 1
    return low
