"""Puts `verify.html` together: one file, opened from disk, whose policy lets nothing in but its own two scripts.

    python -m web.verify.assemble

Scripts are plain JavaScript in the order of their names; the table of payload shapes is the published one.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE / "verify.html"
KINDS = HERE.parents[1] / "docs" / "vectors" / "kinds.json"

_FIRST_OF_PAGE = "60"
_KINDS_PLACE = "/*KINDS*/ {} /*KINDS*/"


def assemble(here: Path = HERE, kinds: Path = KINDS) -> str:
    """The whole page."""
    sources = sorted((here / "src").glob("*.js"))
    verifier = _joined([path for path in sources if path.name < _FIRST_OF_PAGE])
    if verifier.count(_KINDS_PLACE) != 1:
        raise ValueError("no place for the table of kinds")
    parts = {
        "verifier": verifier.replace(_KINDS_PLACE, kinds.read_text("utf-8").strip()),
        "page": _joined([path for path in sources if path.name >= _FIRST_OF_PAGE]),
        "style": "\n" + (here / "page.css").read_text("utf-8"),
    }
    scripts = " ".join(_source(parts[name]) for name in ("verifier", "page"))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {_source(parts['style'])}; img-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = (here / "page.html").read_text("utf-8").replace("<!--policy-->", policy)
    for name, text in parts.items():
        if "</" + ("style" if name == "style" else "script") in text or "<!--" in text:
            raise ValueError(f"{name}: would end its element")
        page = page.replace(f"<!--{name}-->", text)
    return page


def _joined(paths: list[Path]) -> str:
    return "\n'use strict'\n\n" + "\n".join(path.read_text("utf-8") for path in paths)


def _source(text: str) -> str:
    """A hash source of CSP level 2."""
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


if __name__ == "__main__":
    PAGE.write_text(assemble(), "utf-8")
