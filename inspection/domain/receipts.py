"""Receipts: a checkpoint in the hands of somebody outside, whole as its line or short as its code.

The code is the first 26 characters of the base32 (RFC 4648) of SHA-256 over `RECEIPT_CONTEXT`, the inspection's id in
UTF-8, a zero byte, the size as eight bytes big-endian and the 32 bytes of the root: 130 bits that bind all three.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from inspection.domain.checkpoints import MAX_CHECKPOINT_BYTES, Checkpoint, CheckpointError, parse_checkpoint

RECEIPT_CONTEXT = b"yuntakan-receipt-v1\n"
CODE_CHARACTERS = 26
GROUP_CHARACTERS = 5
MOST_RECEIPT_BYTES = 65_536
MOST_RECEIPTS = 1000

_CODE = re.compile(rf"[A-Z2-7]{{{CODE_CHARACTERS}}}")
_TYPED = re.compile(r"[ \t-]")
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_BYTE_ORDER_MARK = "\ufeff"


class ReceiptError(ValueError):
    """A text that holds no receipt, or something that is none."""


@dataclass(frozen=True, slots=True)
class ReceiptCode:
    """A code, without what groups it."""

    code: str


Receipt = Checkpoint | ReceiptCode


def receipt_code(inspection_id: str, size: int, root: bytes) -> str:
    """The code of the head of the first `size` entries; `root` has 32 bytes."""
    named = inspection_id.encode("utf-8") + b"\0" + size.to_bytes(8, "big") + root
    digest = hashlib.sha256(RECEIPT_CONTEXT + named).digest()
    return base64.b32encode(digest).decode("ascii")[:CODE_CHARACTERS]


def code_of(checkpoint: Checkpoint) -> str:
    """The checkpoint's code."""
    return receipt_code(checkpoint.inspection, checkpoint.size, checkpoint.root_bytes)


def groups_of(code: str) -> list[str]:
    """As it is shown: groups of five characters, the last shorter."""
    return [code[at : at + GROUP_CHARACTERS] for at in range(0, len(code), GROUP_CHARACTERS)]


def parse_code(text: str) -> ReceiptCode:
    """A code as somebody typed it: spaces, tabs and hyphens anywhere, either case. Raises ReceiptError."""
    code = _TYPED.sub("", text).translate(_UPPER)
    if not _CODE.fullmatch(code):
        raise ReceiptError(f"a code has {CODE_CHARACTERS} of A to Z and 2 to 7")
    return ReceiptCode(code)


def parse_receipt(text: str) -> list[Receipt]:
    """Every receipt of a text, in order. Raises ReceiptError for an empty or too long text, and for any other line.

    Lines end with LF or CRLF, blank ones are skipped. One that begins with `{` is a checkpoint's exact line, any
    other a code. Says nothing about signatures.
    """
    if len(text) > MOST_RECEIPT_BYTES or len(_utf8(text)) > MOST_RECEIPT_BYTES:
        raise ReceiptError(f"more than {MOST_RECEIPT_BYTES} bytes")
    lines = [line.removesuffix("\r") for line in text.removeprefix(_BYTE_ORDER_MARK).split("\n")]
    kept = [line for line in lines if line.strip(" \t")]
    if not 0 < len(kept) <= MOST_RECEIPTS:
        raise ReceiptError(f"1 to {MOST_RECEIPTS} receipts")
    return [_parse_line(line) for line in kept]


def _parse_line(line: str) -> Receipt:
    if not line.startswith("{"):
        return parse_code(line)
    if len(line) > MAX_CHECKPOINT_BYTES:
        raise ReceiptError("longer than a checkpoint")
    try:
        return parse_checkpoint(_utf8(line))
    except CheckpointError as error:
        raise ReceiptError(str(error)) from error


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ReceiptError("a lone surrogate") from error
