from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspection.domain.canonical import canonical_bytes
from inspection.domain.key_history import (
    KeyHistoryError,
    KeyLine,
    KeyLineError,
    check_key_history,
    first_key,
    next_key,
    parse_key_line,
)
from inspection.store.signer import FileSigner, verify_ed25519

AT = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)


def signer_of(seed: int) -> FileSigner:
    return FileSigner(bytes([seed]) * 32)


def history(*seeds: int) -> list[KeyLine]:
    first = signer_of(seeds[0])
    lines = [first_key(first.public_key(), AT, first.sign)]
    for old, new in zip(seeds, seeds[1:], strict=False):
        new_signer, at = signer_of(new), AT + timedelta(days=len(lines))
        lines.append(next_key(lines[-1], new_signer.public_key(), at, new_signer.sign, signer_of(old).sign))
    return lines


def fails_at(lines: list[KeyLine]) -> int:
    with pytest.raises(KeyHistoryError) as refused:
        check_key_history(lines, verify_ed25519)
    return refused.value.n


@pytest.mark.parametrize("seeds", [(1,), (1, 2), (1, 2, 3, 4)])
def test_a_history_holds_and_comes_back_from_its_lines(seeds):
    lines = history(*seeds)
    check_key_history(lines, verify_ed25519)
    assert [parse_key_line(line.to_line()) for line in lines] == lines


def test_the_first_line_keeps_its_bytes():
    assert history(1)[0].to_line() == (
        b'{"from":"2026-05-06T01:30:00.000Z","n":0,"prev":"' + b"0" * 64 + b'",'
        b'"public_key":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=",'
        b'"sig_new":"seguqgVAAq69aQzgkvao/uTfTj10UJm5tClMpzxxVVIiMx1ZmpY7yy9iHf7fpKJVvtbB7dYEenDFBcqbHl9UCg==",'
        b'"sig_old":null,"v":1}'
    )


def test_no_line_can_be_left_out_doubled_or_moved():
    lines = history(1, 2, 3)
    assert fails_at([]) == 0
    assert fails_at(lines[1:]) == 0
    assert fails_at([lines[0], lines[2]]) == 1
    assert fails_at([lines[0], lines[0]]) == 1
    assert fails_at([lines[1], lines[0]]) == 0


def test_a_key_joins_only_with_the_signature_of_the_one_before():
    lines, thief = history(1, 2), signer_of(9)
    stolen = next_key(lines[1], thief.public_key(), AT, thief.sign, thief.sign)
    assert fails_at([*lines, stolen]) == 2
    assert fails_at([lines[0], replace(lines[1], sig_old=None)]) == 1
    assert fails_at([replace(lines[0], sig_old=lines[0].sig_new)]) == 0


def test_every_line_is_signed_by_its_own_key():
    lines = history(1, 2)
    assert fails_at([replace(lines[0], sig_new=lines[1].sig_new)]) == 0
    assert fails_at([lines[0], replace(lines[1], public_key=signer_of(9).public_key())]) == 1
    assert fails_at([lines[0], replace(lines[1], since="2026-05-08T01:30:00.000Z")]) == 1


def test_a_key_that_was_given_up_does_not_come_back():
    assert fails_at(history(1, 2, 1)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"n": -1},
        {"n": "0"},
        {"public_key": "AAAA"},
        {"public_key": "not base64"},
        {"from": "now"},
        {"prev": ""},
        {"sig_new": None},
        {"sig_old": 1},
        {"more": 1},
    ],
)
def test_what_is_no_line_is_refused(change):
    with pytest.raises(KeyLineError):
        parse_key_line(canonical_bytes({**history(1)[0].to_json(), **change}))


@pytest.mark.parametrize("line", [b"", b"null", b"{}", b" {}", b"\xff" * 2000])
def test_what_is_no_object_is_refused(line):
    with pytest.raises(KeyLineError):
        parse_key_line(line)
