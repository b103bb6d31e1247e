"""The power goes at random moments; `python -m tests.media.journal.power_cut` does the same more often."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media.journal.power_cut import cut_often

pytestmark = pytest.mark.integration


async def test_a_power_cut_costs_less_than_a_second_and_nothing_attested(tmp_path: Path) -> None:
    outcomes = await cut_often(4, 1000, tmp_path)
    assert [outcome.problems for outcome in outcomes] == [[]] * 4
    assert any(outcome.torn_bytes for outcome in outcomes), "without a torn tail nothing was tested"
    assert any(outcome.recovered for outcome in outcomes)
