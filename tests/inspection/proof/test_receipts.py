from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.merkle import verify_consistency
from inspection.domain.receipts import (
    MOST_RECEIPT_BYTES,
    MOST_RECEIPTS,
    ReceiptCode,
    ReceiptError,
    code_of,
    groups_of,
    parse_code,
    parse_receipt,
    receipt_code,
)
from tests.inspection.proof.receipt_vectors import INSPECTION, PAGE, SIZES, head, text, vectors

pytestmark = pytest.mark.unit

codes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=26, max_size=26)


def line_of(size: int) -> str:
    return head(size).to_line().decode()


def test_a_code_binds_inspection_size_and_root():
    one = head(7)
    others = [replace(one, size=8), replace(one, root="0" * 64), replace(one, inspection="a" * 26)]
    assert len({code_of(one), *map(code_of, others)}) == 4
    assert code_of(replace(one, at="2030-01-01T00:00:00.000Z", sig="")) == code_of(one)


def test_a_code_is_the_first_130_bits_of_the_digest():
    root = bytes(range(32))
    digest = hashlib.sha256(b"yuntakan-receipt-v1\nabc\0" + (258).to_bytes(8, "big") + root).digest()
    bits = int.from_bytes(digest, "big") >> (256 - 130)
    wanted = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(bits >> (5 * (25 - at))) & 31] for at in range(26))
    assert receipt_code("abc", 258, root) == wanted


def test_groups_hold_five_characters():
    assert groups_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ["ABCDE", "FGHIJ", "KLMNO", "PQRST", "UVWXY", "Z"]


@given(codes, st.lists(st.tuples(st.integers(0, 26), st.sampled_from(" \t-")), max_size=12), st.booleans())
def test_a_code_is_read_however_it_was_typed(code, extras, lower):
    typed = list(code.lower() if lower else code)
    for place, extra in extras:
        typed.insert(place, extra)
    assert parse_code("".join(typed)) == ReceiptCode(code)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n", "A" * 25, "A" * 27, "A" * 25 + "1", "A" * 25 + "０", "ſ" * 26, "ı" * 26, "A" * 25 + "\u2010Z"],
)
def test_what_is_no_code_is_refused(text):
    with pytest.raises(ReceiptError):
        parse_receipt(text)


def test_a_receipt_is_a_checkpoint_line():
    assert parse_receipt(line_of(7)) == [head(7)]
    assert parse_receipt(f"\ufeff{line_of(7)}\r\n") == [head(7)]


def test_a_text_holds_lines_and_codes_in_their_order():
    shown = "-".join(groups_of(code_of(head(3))))
    found = parse_receipt(f"{line_of(7)}\n\n \t\n{shown}\r\n{line_of(2)}\n")
    assert found == [head(7), ReceiptCode(code_of(head(3))), head(2)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-1],
        lambda line: line + " ",
        lambda line: " " + line,
        lambda line: line.replace(",", ", ", 1),
        lambda line: line.replace('"v":1', '"v":2'),
        lambda line: line.replace('"size":7', '"size":0'),
        lambda line: line.replace('"size":7', '"size":7.0'),
        lambda line: line.replace('"size":7', '"size":7,"size":7'),
        lambda line: line.replace('"size":7', '"size":true'),
        lambda line: line.replace('"root":"', '"root":"A'),
        lambda line: line.replace('"v":1', '"v":1,"w":1'),
        lambda line: "[" + line + "]",
        lambda line: line + "\n" + "what is this?",
        lambda line: "{" * 2000,
        lambda line: line.replace("Z", "\ud800"),
    ],
)
def test_a_line_that_is_not_exactly_a_checkpoint_is_refused(spoil):
    with pytest.raises(ReceiptError):
        parse_receipt(spoil(line_of(7)))


def test_what_a_text_may_hold_is_bounded():
    code = "A" * 26
    assert len(parse_receipt("\n".join([code] * MOST_RECEIPTS))) == MOST_RECEIPTS
    for long in ("\n".join([code] * (MOST_RECEIPTS + 1)), "\n" * MOST_RECEIPT_BYTES + code, "𠮷" * 20_000):
        with pytest.raises(ReceiptError):
            parse_receipt(long)


@given(st.text(max_size=400))
def test_any_text_is_refused_or_read(text):
    try:
        found = parse_receipt(text)
    except ReceiptError:
        return
    assert found


@given(st.data())
def test_a_line_with_a_changed_character_is_refused_or_another_checkpoint(data):
    line = line_of(7)
    place = data.draw(st.integers(0, len(line) - 1))
    spoilt = line[:place] + data.draw(st.characters()) + line[place + 1 :]
    try:
        found = parse_receipt(spoilt)
    except ReceiptError:
        return
    assert spoilt == line or found != [head(7)]
    assert all(isinstance(one, (Checkpoint, ReceiptCode)) for one in found)


def test_the_published_vectors_are_what_the_code_says():
    assert PAGE.read_text("utf-8") == text()


def test_the_published_proofs_hold():
    for row in vectors()["consistency"]:
        first, second = head(row["first"]), head(row["second"])
        proof = [bytes.fromhex(node) for node in row["proof"]]
        assert verify_consistency(first.size, first.root_bytes, second.size, second.root_bytes, proof)
    assert {head(size).inspection for size in SIZES} == {INSPECTION}
