"""The three verifiers behind one question: what is the verdict, and where is the first problem?"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from cryptography import x509

from inspection.domain.receipts import Receipt, ReceiptError, parse_receipt
from inspection.domain.verification_package import Asked
from inspection.store.package_files import parse_key, verify_file
from tests.inspection.proof.tamper.page_verifier import PageVerifier
from web.frame_check import FrameCheck

WHOLE = ("whole", None, None)
Found = tuple[str, str | None, str | None]
"""Verdict, first code, where."""


@dataclass
class Given:
    """A package and what somebody has beside it, as texts."""

    package: Path
    trust: Sequence[str] = ()
    receipts: Sequence[str] = ()


class Verifiers:
    """All three; see `ask`."""

    def __init__(self, page: PageVerifier, count_frames: FrameCheck) -> None:
        self._page = page
        self._count_frames = count_frames

    def ask(self, given: Given) -> dict[str, Found]:
        """By the verifier's name."""
        return {"yuntakan": self.product(given), "example": example(given), "page": self.page(given)}

    def product(self, given: Given) -> Found:
        """`yuntakan verify`, in this process."""
        asked = Asked(
            trusted_keys=tuple(parse_key(text) for text in given.trust if "CERTIFICATE" not in text),
            roots=tuple(x509.load_pem_x509_certificate(text.encode()) for text in given.trust if "CERTIFICATE" in text),
            receipts=tuple(one for text in given.receipts for one in _receipts(text)),
            count_frames=self._count_frames,
        )
        said = verify_file(given.package, asked=asked).to_json()
        return _found(said)

    def page(self, given: Given, *, own_ed25519: bool = False) -> Found:
        """`verify.html`, in node."""
        return _found(self._page.verify(given.package, given.trust, given.receipts, own_ed25519=own_ed25519))


@contextlib.contextmanager
def all_verifiers() -> Iterator[Verifiers]:
    """Ready to be asked until the end."""
    with PageVerifier() as page, FrameCheck(0) as count_frames:
        yield Verifiers(page, count_frames)


def example(given: Given) -> Found:
    """`examples/verify_package`, by its own command line, in this process."""
    arguments = ["verify_package.py", str(given.package)]
    folder = given.package.parent
    for place, text in enumerate(given.trust):
        (folder / f"trust{place}.pem").write_text(text)
        arguments += ["--trust", str(folder / f"trust{place}.pem") if "-----" in text else text]
    for place, text in enumerate(given.receipts):
        (folder / f"receipt{place}.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
        arguments += ["--receipt", str(folder / f"receipt{place}.txt")]
    printed = io.StringIO()
    from examples.verify_package import verify_package

    with patch.object(sys, "argv", arguments), contextlib.redirect_stdout(printed):
        verify_package.main()
    return _found(json.loads(printed.getvalue()))


def _receipts(text: str) -> Sequence[Receipt | None]:
    try:
        return parse_receipt(text)
    except ReceiptError:
        return [None]


def _found(said: dict[str, object]) -> Found:
    problem = said["first_problem"]
    assert problem is None or isinstance(problem, dict)
    return (
        (str(said["verdict"]), None, None)
        if problem is None
        else (str(said["verdict"]), problem["code"], problem["where"])
    )
