"""Documents as PDF/A, laid out by WeasyPrint in a process of its own, which cannot reach network or files.

`make_pdf` blocks while the child works: call it off the event loop.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from inspection.domain.errors import InspectionError, Kind

#: The family by which the document names its font: the stamp's (`media.fonts.open_font`), which is embedded.
FONT_FAMILY = "YunTaKan"
#: Pictures are named so in `src` and `url()`; nothing else is fetched.
PICTURE_SCHEME = "ytk"
TIMEOUT_S = 120.0
MOST_REQUEST_BYTES = 256 * 1024 * 1024
NOT_INSTALLED = 3


def make_pdf(html: str, font: Path, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """The document, in `font`; `<img src="ytk:NAME">` shows `pictures[NAME]` (JPEG, PNG, SVG).

    Raises `unavailable`: `pdf_unavailable` where Pango is missing, `pdf_failed` where the document is too large,
    takes too long or cannot be laid out.
    """
    encoded = {name: base64.b64encode(content).decode("ascii") for name, content in (pictures or {}).items()}
    request = json.dumps({"html": html, "font": str(font), "pictures": encoded}).encode()
    if len(request) > MOST_REQUEST_BYTES:
        raise _failed("the document is too large")
    try:
        child = subprocess.run(
            [sys.executable, "-m", "web.pdf_main"], input=request, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise _failed("it took too long") from None
    if child.returncode == NOT_INSTALLED:
        raise InspectionError(Kind.UNAVAILABLE, "pdf_unavailable", "Pango is not installed on the server")
    if child.returncode != 0 or not child.stdout.startswith(b"%PDF-"):
        raise _failed(child.stderr.decode(errors="replace").strip()[-300:])
    return child.stdout


def _failed(why: str) -> InspectionError:
    return InspectionError(Kind.UNAVAILABLE, "pdf_failed", f"no PDF: {why}")
