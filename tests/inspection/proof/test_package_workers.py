"""However many hands verify a package, its verdict is the same."""

from __future__ import annotations

import random

import pytest

from inspection.domain import verification_checkpoints, verification_ledger, verification_runs
from inspection.domain.verification import State, Verdict
from inspection.domain.verification_package import Asked
from inspection.store.package_files import verify_file
from inspection.store.package_workers import open_workers
from tests.inspection.proof.builder import SESSION, Case, signer_of
from tests.inspection.proof.tampering import edit_entry, flip, lines, read_members, with_manifest, zip_members
from tests.inspection.proof.test_package import example_verdict

pytestmark = pytest.mark.integration
LONG = f"journal/{SESSION}/track1.ytj"


@pytest.fixture(autouse=True)
def _many_small_jobs(monkeypatch):
    monkeypatch.setattr(verification_ledger, "BATCH_ENTRIES", 3)
    monkeypatch.setattr(verification_checkpoints, "BATCH_SIGNATURES", 2)
    monkeypatch.setattr(verification_runs, "PART_BYTES", 600)


@pytest.fixture
def case(tmp_path) -> Case:
    made = Case(tmp_path)
    made.open()
    made.record(segments=7, packet_bytes=100)
    made.checkpoint()
    made.rotate(2)
    made.still()
    made.record("track2", segments=2)
    made.checkpoint()
    made.rotate(3)
    made.rectify()
    return made


def verdicts(package) -> tuple[Verdict, Verdict]:
    with open_workers(2) as workers:
        return verify_file(package), verify_file(package, asked=Asked(workers=workers))


def test_a_whole_package_is_whole_for_all(case):
    alone, together = verdicts(case.export())
    assert alone == together
    assert alone.state is State.WHOLE


def test_any_change_gets_the_same_verdict_from_all(case, tmp_path):
    package = case.export()
    members = read_members(package)
    chosen = random.Random(5)
    for _ in range(25):
        name = chosen.choice([name for name in members if not name.startswith("manifest")])
        changed = dict(members)
        flip(name, chosen.randrange(len(members[name])))(changed)
        package.write_bytes(zip_members(changed))
        alone, together = verdicts(package)
        assert (alone.state, alone.first_problem) == (State.BROKEN, together.first_problem)


@pytest.mark.parametrize("seq", [1, 3, 4, 5, 6, 7, 12, 13, 14])
def test_the_first_bad_entry_is_named_wherever_a_batch_ends(case, seq):
    package = case.export()
    for change, code in (
        (edit_entry(seq, "device_at", "2026-05-06T01:30:04.000Z"), "entry_signature"),
        (edit_entry(seq, "prev", "0" * 63 + "1"), "entry_prev"),
        (lines(lambda found: [*found[: seq - 1], *found[seq:]]), "entry_seq"),
    ):
        changed = read_members(package)
        change(changed)
        listed = len(changed["ledger.jsonl"])

        def say(fields, listed=listed):
            for member in fields["members"]:
                member["bytes"] = listed if member["name"] == "ledger.jsonl" else member["bytes"]

        with_manifest(changed, say, seed=3)
        other = package.with_name("other.zip")
        other.write_bytes(zip_members(changed))
        alone, together = verdicts(other)
        assert alone.first_problem == together.first_problem
        said = alone.to_json()["first_problem"]
        assert said == {"code": code, "where": f"ledger.jsonl entry {seq}"}
        assert example_verdict(other)[1]["first_problem"] == said


@pytest.mark.parametrize("entries_between", [0, 1, 2])
def test_an_entry_of_the_key_before_is_not_taken_after_the_change(case, entries_between):
    """Whoever kept the old key cannot go on with it, wherever the batches end."""
    for number in range(entries_between):
        case.add("chat", {"session_id": SESSION, "text": str(number)})
    newest, case.signer = case.signer, signer_of(2)
    forged = case.add("chat", {"session_id": SESSION, "text": "by the key before"})
    case.signer = newest
    alone, together = verdicts(case.export())
    assert alone.first_problem == together.first_problem
    said = alone.to_json()["first_problem"]
    assert said == {"code": "entry_signature", "where": f"ledger.jsonl entry {forged.seq}"}
