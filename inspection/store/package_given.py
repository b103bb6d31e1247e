"""What somebody brings along to a verification: keys and roots that they trust, and receipts that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from inspection.domain.receipts import MOST_RECEIPT_BYTES, Receipt, ReceiptError, parse_receipt
from inspection.store.package_files import parse_key

_MAX_TRUST_BYTES = 1024 * 1024
_PEM = Encoding.PEM


@dataclass(frozen=True, slots=True)
class Trusted:
    """Raw Ed25519 keys, and certificates; `pems` are the certificates once more, for readers of pictures."""

    keys: tuple[bytes, ...] = ()
    roots: tuple[x509.Certificate, ...] = ()
    pems: tuple[bytes, ...] = ()


def read_trust(texts: list[str]) -> Trusted:
    """Each text is a public key, or the file of one or of certificates (PEM or DER). ValueError, OSError else."""
    keys: list[bytes] = []
    roots: list[x509.Certificate] = []
    for text in texts:
        found = _certificates(text)
        roots += found
        if not found:
            keys.append(parse_key(text))
    pems = tuple(root.public_bytes(_PEM) for root in roots)
    return Trusted(tuple(keys), tuple(roots), pems)


def read_receipts(texts: list[str]) -> tuple[Receipt | None, ...]:
    """Each text is a code, or the file of checkpoints and codes. None stands for one that cannot be read."""
    found: list[Receipt | None] = []
    for text in texts:
        try:
            found += parse_receipt(_receipt_text(text))
        except (ReceiptError, OSError, ValueError):
            found.append(None)
    return tuple(found)


def _receipt_text(text: str) -> str:
    path = Path(text)
    if "\n" in text or "{" in text or not _is_file(path):
        return text
    with path.open("rb") as stream:
        return stream.read(MOST_RECEIPT_BYTES + 1).decode("utf-8")


def _certificates(text: str) -> list[x509.Certificate]:
    path = Path(text)
    if "\n" in text or not _is_file(path):
        return []
    with path.open("rb") as stream:
        content = stream.read(_MAX_TRUST_BYTES)
    if b"-----BEGIN CERTIFICATE" in content:
        return x509.load_pem_x509_certificates(content)
    return [x509.load_der_x509_certificate(content)] if content[:1] == b"\x30" and len(content) > 100 else []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
