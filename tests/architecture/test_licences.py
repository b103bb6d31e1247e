"""The licence list covers what runs, and refuses copyleft that nobody has looked at."""

from __future__ import annotations

import pytest

from scripts.licences import REVIEWED, Part, document, npm_parts, problems, python_parts

pytestmark = pytest.mark.unit


def test_what_is_installed_has_licences_that_somebody_looked_at():
    assert problems([*python_parts(), *npm_parts()]) == []


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-only", "AGPL-3.0-or-later", "GNU General Public License v3 (GPLv3)", "MIT AND GPL-2.0-only"]
)
def test_an_unreviewed_strong_copyleft_licence_is_a_problem(licence):
    assert problems([Part("newcomer", "1", licence)]) == [f"newcomer: {licence} is not reviewed"]


@pytest.mark.parametrize(
    "licence", ["MIT", "LGPL-3.0-or-later", "MIT OR GPL-2.0-only", "GPL-3.0-or-later WITH GCC-exception-3.1"]
)
def test_a_licence_that_leaves_our_own_code_alone_is_no_problem(licence):
    assert problems([Part("newcomer", "1", licence)]) == []


def test_a_part_without_a_licence_is_a_problem():
    assert problems([Part("newcomer", "1", "")]) == ["newcomer: no licence is recorded"]


def test_the_list_says_what_pyav_carries():
    parts = list(python_parts())
    assert "av/libx264" in {part.name for part in parts}
    assert REVIEWED["av/libx264"]
    assert "GPL-2.0-or-later" in document(parts, [])
