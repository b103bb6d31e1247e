"""Receipts as pages to print: one at a time, in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inspection.domain.errors import InspectionError, Kind
from media.fonts import open_font
from web.pdf import make_pdf

MOST_WAITING = 4

MakePdf = Callable[[str, Path, Mapping[str, bytes]], bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """A document; its pictures by the names that its HTML gives them."""

    html: str
    pictures: Mapping[str, bytes]


@dataclass(slots=True)
class ReceiptPages:
    """`fonts`: where the stamp's font is kept. At most four wait for their turn, the next is refused (`busy`)."""

    fonts: Path
    make_pdf: MakePdf = make_pdf
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _waiting: int = 0

    async def make(self, page: Page) -> bytes:
        """The PDF. Raises `busy`, `pdf_unavailable`, `pdf_failed`."""
        if self._waiting >= MOST_WAITING:
            raise InspectionError(Kind.UNAVAILABLE, "busy", "too many receipts at once", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._make, page)
        finally:
            self._waiting -= 1

    def _make(self, page: Page) -> bytes:
        return self.make_pdf(page.html, open_font(self.fonts).path, page.pictures)
