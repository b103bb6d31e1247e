"""A stranger who would fill the log."""

from __future__ import annotations

import logging
import sys

from web.serving import UnreadableBytes


def failed(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except Exception:
        return logging.LogRecord("engineio.server", logging.ERROR, "", 0, "SECRET", (), sys.exc_info())


def test_rubbish_is_told_once_a_second_with_how_much_of_it_there_was() -> None:
    now_s = 0.0
    told = UnreadableBytes(ValueError, lambda: now_s)
    records = [failed(ValueError("SECRET")) for _ in range(5)]
    assert [told.filter(record) for record in records[:4]] == [True, False, False, False]
    now_s = 1.5
    assert told.filter(records[4])
    assert records[4].getMessage() == "not readable: ValueError (and 3 before)"
    assert records[4].exc_info is None


def test_a_fault_of_ours_is_told_as_it_is() -> None:
    told = UnreadableBytes(ValueError)
    records = [failed(RuntimeError("why")) for _ in range(3)]
    assert all(told.filter(record) and record.exc_info for record in records)
