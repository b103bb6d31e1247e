"""The thirteen attacks; `python -m tests.inspection.proof.tamper attacks` runs sixty variants of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inspection.proof.tamper.__main__ import try_attack
from tests.inspection.proof.tamper.attacks import ATTACKS, attack_table
from tests.inspection.proof.tamper.scene import make_scene
from tests.inspection.proof.tamper.verifiers import WHOLE, Given

pytestmark = pytest.mark.integration
EVIDENCE = Path(__file__).parents[4] / "docs" / "evidence.md"
QUICK = 4


@pytest.mark.parametrize("place", range(len(ATTACKS)), ids=[attack.name for attack in ATTACKS])
def test_each_attack_is_caught_by_all_verifiers_with_the_first_bad_place(verifiers, place):
    for seed in range(QUICK):
        is_caught, _, said = try_attack(verifiers, place, seed)
        assert is_caught, said


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_sixty_variants_of_each_attack_are_caught(verifiers):
    missed = [
        (attack.name, seed, said)
        for place, attack in enumerate(ATTACKS)
        for seed in range(60)
        for is_caught, _, said in [try_attack(verifiers, place, seed)]
        if not is_caught
    ]
    assert missed == []


def test_what_is_attacked_was_whole_before(verifiers, tmp_path):
    for seed in range(2):
        (tmp_path / str(seed)).mkdir()
        scene = make_scene(tmp_path / str(seed), seed)
        receipts = [scene.case.receipt(one.size)[seed] for one in scene.case.checkpoints]
        assert set(verifiers.ask(Given(scene.package, scene.trust, receipts)).values()) == {WHOLE}


def test_the_document_has_the_table_of_attacks():
    assert attack_table() in EVIDENCE.read_text("utf-8")
