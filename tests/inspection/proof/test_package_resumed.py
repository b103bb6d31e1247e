"""An export that was interrupted goes on, and never with anything but what it had written of the same record."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection.domain.errors import InspectionError
from inspection.domain.verification import State
from inspection.domain.verification_journal import MAGIC
from inspection.store import package_partial
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.package_export import Exported, export_file
from inspection.store.package_files import verify_file
from inspection.store.package_partial import Beginning
from tests.inspection.proof.builder import LI, SESSION, START, TRACK, Case, small_case

pytestmark = pytest.mark.integration
PART = ".package.zip.part"


@pytest.fixture(autouse=True)
def _noted_after_each_member(monkeypatch):
    monkeypatch.setattr(package_partial, "NOTE_BYTES", 1)


class Failing(EvidenceFiles):
    """Reads until it is asked for a certain file."""

    def __init__(self, case: Case, fails_at: str) -> None:
        super().__init__(case.root / "evidence", floor_bytes=0)
        self.fails_at = fails_at
        self.read: list[str] = []

    def chunks(self, inspection_id: str, file: str, size_bytes: int, offset: int = 0) -> Iterator[bytes]:
        if self.fails_at in file:
            raise KeyboardInterrupt
        self.read.append(file)
        yield from super().chunks(inspection_id, file, size_bytes, offset)


def export(case: Case, fails_at: str = "nothing at all") -> tuple[Exported, Failing]:
    evidence = Failing(case, fails_at)
    return export_file(case.plan(), evidence, case.signer, case.root / "package.zip", START, "YunTaKan test"), evidence


def interrupt(case: Case, fails_at: str = "stills/still1") -> None:
    with pytest.raises(KeyboardInterrupt):
        export(case, fails_at)
    assert (case.root / PART).stat().st_size > 0


def test_an_interrupted_export_goes_on_and_gives_the_same_bytes(tmp_path):
    whole = small_case(tmp_path / "other").export().read_bytes()
    case = small_case(tmp_path)
    interrupt(case)
    exported, evidence = export(case)
    assert (exported.beginning, exported.kept_members) == (Beginning.RESUMED, 6)
    assert not any(TRACK in file for file in evidence.read), "the journal was there already"
    assert exported.path.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_after_another_entry_it_begins_anew(tmp_path):
    case = small_case(tmp_path)
    interrupt(case)
    case.add("chat", {"session_id": SESSION, "text": "later"}, LI)
    exported, _ = export(case)
    assert (exported.beginning, exported.kept_members) == (Beginning.ANEW, 0)
    assert verify_file(exported.path).state is State.WHOLE


def test_what_was_damaged_meanwhile_is_written_again(tmp_path):
    case = small_case(tmp_path)
    interrupt(case)
    part = tmp_path / PART
    content = bytearray(part.read_bytes())
    content[content.index(MAGIC) + 50] ^= 1
    part.write_bytes(content)
    exported, evidence = export(case)
    assert (exported.beginning, exported.kept_members) == (Beginning.RESUMED, 5)
    assert any(TRACK in file for file in evidence.read)
    assert verify_file(exported.path).state is State.WHOLE


@pytest.mark.parametrize("notes", ["", "{", "[]", '{"key": 1}'])
def test_without_readable_notes_it_begins_anew(tmp_path, notes):
    case = small_case(tmp_path)
    interrupt(case)
    (tmp_path / f"{PART}.json").write_text(notes)
    exported, _ = export(case)
    assert exported.beginning is Beginning.ANEW
    assert verify_file(exported.path).state is State.WHOLE


def test_an_earlier_package_stays_until_the_new_one_is_whole(tmp_path):
    case = small_case(tmp_path)
    before = case.export().read_bytes()
    case.add("chat", {"session_id": SESSION, "text": "later"}, LI)
    interrupt(case)
    assert Path(tmp_path / "package.zip").read_bytes() == before


@pytest.mark.parametrize("begins_again", [False, True])
def test_a_package_that_was_finished_between_opening_and_locking_is_not_written_over(
    tmp_path, monkeypatch, begins_again
):
    case = small_case(tmp_path)
    interrupt(case)
    flock, finished = fcntl.flock, []

    def late(stream, how):
        if not finished:
            finished.append(True)
            finished.append(export(case)[0].path.read_bytes())
            if begins_again:
                (tmp_path / PART).touch()
        flock(stream, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(InspectionError) as refused:
        export(case)
    assert refused.value.code == "busy"
    assert (tmp_path / "package.zip").read_bytes() == finished[1]
