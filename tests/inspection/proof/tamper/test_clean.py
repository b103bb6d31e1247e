"""No false alarm; `python -m tests.inspection.proof.tamper clean --count 10000` draws more days."""

from __future__ import annotations

import pytest

from tests.inspection.proof.tamper.__main__ import try_damage, try_day
from tests.inspection.proof.tamper.kinds_table import TABLE, table_text
from web.verify.assemble import PAGE, assemble

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_honest_days_are_whole_for_all_verifiers(verifiers, authority, first):
    said = [try_day(verifiers, seed, authority) for seed in range(first, first + 10)]
    assert [one for one in said if one is not None] == []


def test_the_published_table_of_payloads_is_that_of_the_code():
    """`python -m tests.inspection.proof.tamper.kinds_table` writes it anew."""
    assert TABLE.read_text("utf-8") == table_text()


def test_the_page_is_put_together_from_its_sources():
    """`python -m web.verify.assemble` writes it anew."""
    assert PAGE.read_text("utf-8") == assemble()


def test_random_damage_gets_one_answer_of_all_verifiers(verifiers, authority):
    """`python -m tests.inspection.proof.tamper damage --count 2000` does more."""
    said = [try_damage(verifiers, seed, authority) for seed in range(100, 130)]
    assert [one for one in said if one is not None] == []
