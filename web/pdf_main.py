"""The child of `web.pdf`: HTML and pictures on standard input, a PDF/A on standard output."""

from __future__ import annotations

import base64
import json
import logging
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from web.pdf import FONT_FAMILY, NOT_INSTALLED, PICTURE_SCHEME, TIMEOUT_S

_MEMORY_BYTES = 3 * 1024**3
_VARIANT = "pdf/a-3u"
_FONT = "font"


def main() -> int:
    """Exit status 0 with a document on standard output; `NOT_INSTALLED` without Pango, 1 for anything else."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (round(TIMEOUT_S), round(TIMEOUT_S)))
    logging.disable(logging.WARNING)
    request = json.load(sys.stdin.buffer)
    pictures = {name: base64.b64decode(content) for name, content in request["pictures"].items()}
    try:
        import weasyprint  # noqa: F401
    except OSError as error:  # its way to say that a library of the system is not there
        print(error, file=sys.stderr)
        return NOT_INSTALLED
    document = _document(request["html"], pictures, Path(request["font"]))
    sys.stdout.buffer.write(document)
    return 0


def _document(html: str, pictures: Mapping[str, bytes], font: Path) -> bytes:
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    fetcher = _fetcher({**pictures, _FONT: font.read_bytes()})
    fonts = FontConfiguration()
    face = f"@font-face {{ font-family: {FONT_FAMILY}; src: url({PICTURE_SCHEME}:{_FONT}) }}"
    style = CSS(string=face, font_config=fonts, url_fetcher=fetcher)
    document = HTML(string=html, url_fetcher=fetcher)
    written: bytes = document.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant=_VARIANT)
    return written


def _fetcher(contents: Mapping[str, bytes]) -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnPictures(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        """Answers for what the parent handed over; anything else is refused before it is looked at."""

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            scheme, _, name = url.partition(":")
            if scheme != PICTURE_SCHEME or name not in contents:
                raise ValueError("not one of the document's own pictures")
            return URLFetcherResponse(url, contents[name])

    return OwnPictures(allowed_protocols={PICTURE_SCHEME})


if __name__ == "__main__":
    sys.exit(main())
