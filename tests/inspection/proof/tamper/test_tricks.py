"""Tricks with the container, with the form of things and with the newer members: three verifiers, one answer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from inspection.domain.receipts import parse_receipt
from inspection.domain.verification_package import Asked
from inspection.domain.verification_words import say
from inspection.store.package_files import verify_file
from tests.inspection.proof.tamper.page_verifier import PageVerifier
from tests.inspection.proof.tamper.rich import Rich, make_rich
from tests.inspection.proof.tamper.tricks_form import FORM_TRICKS
from tests.inspection.proof.tamper.tricks_members import MEMBER_TRICKS, bent, token
from tests.inspection.proof.tamper.tricks_zip import ZIP_TRICKS
from tests.inspection.proof.tamper.verifiers import WHOLE, Found, Given, Verifiers
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, Authority

pytestmark = [pytest.mark.integration, pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed here")]


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Rich:
    return make_rich(Path(tmp_path_factory.mktemp("rich")), authority)


def said_by_all(verifiers: Verifiers, given: Given) -> Found:
    """The one answer, also of the page's own Ed25519."""
    found = verifiers.ask(given) | {"page without Ed25519": verifiers.page(given, own_ed25519=True)}
    assert len(set(found.values())) == 1, found
    return found["yuntakan"]


def test_what_is_played_with_is_whole(verifiers, rich):
    given = Given(rich.package, [*rich.day.trust, *rich.day.roots], rich.day.receipts())
    assert said_by_all(verifiers, given) == WHOLE


@pytest.mark.parametrize(
    ("change", "code", "where"), [row[1:] for row in ZIP_TRICKS], ids=[row[0] for row in ZIP_TRICKS]
)
def test_a_container_that_is_not_plain_is_named(verifiers, rich, tmp_path, change, code, where):
    (tmp_path / "x.zip").write_bytes(change(rich.taken()))
    assert said_by_all(verifiers, Given(tmp_path / "x.zip")) == ("broken", code, where)


@pytest.mark.parametrize(
    ("change", "code", "where"), [row[1:] for row in FORM_TRICKS], ids=[row[0] for row in FORM_TRICKS]
)
def test_a_form_that_is_not_the_one_is_named(verifiers, rich, tmp_path, change, code, where):
    package = change(rich.taken()).write(tmp_path / "x.zip")
    expect(said_by_all(verifiers, Given(package)), code, where)


@pytest.mark.parametrize(
    ("change", "code", "where"), [row[1:] for row in MEMBER_TRICKS], ids=[row[0] for row in MEMBER_TRICKS]
)
def test_a_member_that_does_not_hold_is_named(verifiers, rich, tmp_path, change, code, where):
    package = change(rich, rich.taken()).write(tmp_path / "x.zip")
    expect(said_by_all(verifiers, Given(package)), code, where)


def expect(found: Found, code: str, where: str) -> None:
    """`where` may go on."""
    if code == "whole":
        assert found == WHOLE
    else:
        assert found[:2] == ("broken", code)
        assert found[2] is not None and found[2].startswith(where)


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{", "AAAAA-AAAAA", "A" * 27, "0" * 26, "{}", "A" * 26 + "\nx", "\ufffe", "A" * 70_000],
)
def test_a_text_that_is_no_receipt_is_said_to_be_none(verifiers, rich, text):
    assert said_by_all(verifiers, Given(rich.package, (), [rich.case.receipt()[0], text]))[1:] == (
        "receipt_unparsable",
        "receipt 2",
    )


def test_receipts_of_one_checkpoint_count_once_and_have_to_come_from_outside(rich):
    line, code = rich.case.receipt()
    asked = Asked(receipts=(*parse_receipt(line), *parse_receipt(code)))
    product = next(one for one in verify_file(rich.package, asked=asked).proven if one.key == "receipts_fit")
    assert product.values["count"] == 1
    assert "come from outside the office" in say(product.key, product.values, "en")
    with PageVerifier() as page:
        said = page.verify(rich.package, (), [line, code])["proven"]
    assert next(one["values"]["count"] for one in said if one["key"] == "receipts_match") == 1


def test_receipts_of_somewhere_else_are_named(verifiers, rich, tmp_path):
    line, code = rich.case.receipt()
    other = make_rich(tmp_path, None, 7)
    other.case.inspection_id = "another"
    foreign, foreign_code = other.case.receipt()
    entries, foreign_entries = len(rich.case.entries), len(other.case.entries)
    assert foreign_entries < entries, "a longer one would go on beyond this ledger"
    assert said_by_all(verifiers, Given(rich.package, (), [line, foreign])) == (
        "broken", "receipt_root", f"receipt 2: ledger.jsonl entries 1 to {foreign_entries}",
    )  # fmt: skip
    assert said_by_all(verifiers, Given(rich.package, (), [code, foreign_code])) == (
        "broken", "receipt_not_contained", f"receipt 2: ledger.jsonl entries {entries + 1} to {entries}",
    )  # fmt: skip
    renamed = line.replace('"inspection":"inspection1"', '"inspection":"inspection2"')
    assert said_by_all(verifiers, Given(rich.package, (), [renamed]))[1:] == ("receipt_inspection", "receipt 1")
    resized = line.replace(f'"size":{entries}', f'"size":{entries + 1}')
    assert said_by_all(verifiers, Given(rich.package, (), [resized]))[1:] == ("receipt_signature", "receipt 1")


def test_a_root_that_is_not_the_authoritys_and_a_key_that_is_not_the_offices(verifiers, rich, tmp_path):
    stranger = Authority.make(tmp_path / "other")
    found = said_by_all(verifiers, Given(rich.package, [stranger.root.pem.decode()]))
    assert found[:2] == ("broken", "timestamp_chain")
    assert said_by_all(verifiers, Given(rich.package, ["A" * 43 + "="]))[1:] == ("key_not_trusted", "keys.jsonl")


def test_a_token_bent_anyhow_gets_one_answer(verifiers, rich, tmp_path):
    for seed in range(25):
        forged = token(bent(random.Random(seed)))(rich, rich.taken())
        found = verifiers.ask(Given(forged.write(tmp_path / "x.zip"), rich.day.roots if seed % 2 else ()))
        assert len(set(found.values())) == 1, (seed, found)
