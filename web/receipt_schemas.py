"""What the HTTP interface answers about receipts."""

from __future__ import annotations

from web.case_schemas import Answered, Instant


class ReceiptView(Answered):
    """A head of the ledger that covers its first `size` entries.

    `line` is the checkpoint itself, to be kept; `code` stands for it; `qr` holds its rows of modules, 1 is dark.
    `keys`: the history of the office's keys, line by line.
    """

    inspection_id: str
    number: str
    unit: str
    line: str
    code: str
    size: int
    at: Instant
    keys: list[str]
    qr: list[str]


class ConsistencyView(Answered):
    """`proof`: nodes in hexadecimal (RFC 9162, 2.1.4), that the head of `second` continues the one of `first`."""

    first: int
    second: int
    proof: list[str]
