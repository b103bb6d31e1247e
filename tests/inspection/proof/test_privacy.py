from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import pytest

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError
from inspection.domain.retention import RetentionClass
from inspection.domain.verification import State
from inspection.services import inspections
from inspection.services.packages import plan_package
from inspection.store.database import open_database
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.master_command import CommandMasterKey
from inspection.store.master_key import MasterKeyError, open_master_key
from inspection.store.package_export import export_file
from inspection.store.package_files import verify_file
from inspection.store.sealing import SealError
from inspection.store.signer import load_or_create_signer
from tests.inspection.proof.whole_case import PERSONS, WORDS, play
from tests.inspection.services.conftest import house, live  # noqa: F401
from tests.inspection.services.office import PHONE, USCC, FixedClock, Live, open_house

pytestmark = pytest.mark.integration


def written_forms(text: str) -> list[bytes]:
    """As files may hold it."""
    return [text.encode("utf-8"), json.dumps(text)[1:-1].encode("ascii"), text.encode("utf-16-le")]


def holding(folder: Path, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    """Which of the texts stands in which file below the folder."""
    files = [(path, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        (path.name, text)
        for path, content in files
        for text in texts
        if any(form in content for form in written_forms(text))
    ]


async def test_no_name_number_address_or_word_stands_in_any_file_of_the_office(live: Live):  # noqa: F811
    await play(live)
    assert holding(live.house.data, (*PERSONS, *WORDS)) == [], "while it is open, journal and WAL too"
    await live.house.aclose()
    assert holding(live.house.data, (*PERSONS, *WORDS)) == []


async def test_everything_is_read_back_after_a_restart(live: Live):  # noqa: F811
    await play(live)
    await live.house.aclose()
    again = open_house(live.house.data)
    async with again.office.reading() as uow:
        inspection = await uow.inspections.find(live.inspection.id)
        entries = await uow.entries.list(live.inspection.id, 0, 1000)
        user = await uow.users.find(live.inspector.id)
        visit = (await uow.visits.list(live.inspection.id))[0]
    await again.aclose()
    assert inspection is not None and user is not None
    assert (inspection.premises, inspection.applicant) == (live.inspection.premises, live.inspection.applicant)
    assert inspection.opinion is not None
    assert (inspection.opinion.text, inspection.opinion.given_by_name) == (WORDS[11], "张三")
    assert (user.name, user.unit, user.badge) == ("张三", "勘验科", "No.li")
    assert (visit.visitors, visit.items[0].note) == (("赵六",), WORDS[10])
    opened = json.dumps([entry.opened_json() for entry in entries], ensure_ascii=False)
    assert [word for word in WORDS if word not in opened] == []
    assert '"erased"' not in opened


async def test_a_repeated_command_gets_its_sealed_answer_again(live: Live):  # noqa: F811
    from inspection.services import reports

    first = await reports.send_chat(live.office, live.inspector, live.session_id, WORDS[0], "same-key")
    again = await reports.send_chat(live.office, live.inspector, live.session_id, WORDS[0], "same-key")
    assert first.entries[0].opened_json() == again.entries[0].opened_json()
    assert holding(live.house.data, (WORDS[0],)) == []


@pytest.mark.parametrize("number", [USCC, PHONE, f" {USCC.lower()} ", "+86 138-0000-1234", "ytk-2026-00001"])
async def test_an_inspection_is_found_by_whole_numbers_that_lie_nowhere_in_clear(live: Live, number):  # noqa: F811
    found = await inspections.find_inspections(live.office, live.inspector, number)
    assert [one.id for one in found] == [live.inspection.id]
    other = (await live.house.staff("zhao")).as_actor()
    assert await inspections.find_inspections(live.office, other, number) == [], "not another inspector's"
    assert await inspections.find_inspections(live.office, live.inspector, number.strip()[:-1]) == []


async def test_a_value_moved_to_another_row_does_not_open(live: Live):  # noqa: F811
    database = sqlite3.connect(live.house.data / "yuntakan.db")
    database.execute("UPDATE users SET name = (SELECT name FROM users WHERE username = 'wang') WHERE username = 'li'")
    database.commit()
    database.close()
    with pytest.raises(SealError):
        async with live.office.reading() as uow:
            await uow.users.list(Role.INSPECTOR)


@pytest.mark.parametrize("found", ["王芳", "", "no key:AAAA", "a" * 26, "a" * 26 + ":", "a" * 26 + ":not base64!"])
async def test_a_value_that_nobody_sealed_is_no_erased_one(live: Live, found: str):  # noqa: F811
    database = sqlite3.connect(live.house.data / "yuntakan.db")
    database.execute("UPDATE users SET name = ? WHERE username = 'li'", (found,))
    database.commit()
    database.close()
    with pytest.raises(SealError, match="not sealed"):
        async with live.office.reading() as uow:
            await uow.users.list(Role.INSPECTOR)


async def test_an_applicants_package_is_whole_and_holds_no_notes_of_officers(live: Live, tmp_path: Path):  # noqa: F811
    await play(live)
    files = EvidenceFiles(live.house.data / "evidence", floor_bytes=0)
    said: dict[str, str] = {}
    for audience in ("office", "applicant"):
        plan = await plan_package(live.office, live.inspection.id, audience)
        out = tmp_path / f"{audience}.zip"
        export_file(plan, files, live.office.signer, out, live.office.clock.now(), "test")
        assert verify_file(out, live.office.signer.public_key()).state is State.WHOLE
        said[audience] = out.read_bytes().decode("utf-8", "replace")
    notes = (WORDS[1], WORDS[10], WORDS[11])
    assert [note for note in notes if note not in said["office"]] == []
    assert [note for note in notes if note in said["applicant"]] == []
    assert [word for word in set(WORDS) - set(notes) if word not in said["applicant"]] == []
    assert [number for number in (PHONE, USCC) if number in said["office"] + said["applicant"]] == []


def test_the_master_key_is_made_once_and_its_owners_alone(tmp_path: Path):
    open_house(tmp_path)
    path = tmp_path / "keys" / "master.aes"
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_master_key(tmp_path / "yuntakan.db", path).id == open_master_key(tmp_path / "yuntakan.db", path).id
    path.chmod(0o640)
    with pytest.raises(MasterKeyError, match="0600"):
        open_master_key(tmp_path / "yuntakan.db", path)


async def test_a_master_key_that_is_gone_is_not_replaced(live: Live):  # noqa: F811
    path = live.house.data / "keys" / "master.aes"
    path.unlink()
    with pytest.raises(MasterKeyError, match="gone"):
        open_master_key(live.house.data / "yuntakan.db", path)


async def test_another_master_key_is_named(live: Live):  # noqa: F811
    path = live.house.data / "keys" / "master.aes"
    path.write_bytes(b"\x01" * 32)
    master = open_master_key(live.house.data / "yuntakan.db", path)
    signer = load_or_create_signer(live.house.data / "keys" / "ledger.ed25519")
    other = open_database(live.house.data / "yuntakan.db", signer, FixedClock(), master)
    with pytest.raises(MasterKeyError, match="wrapped by the master key"):
        async with other.reading() as uow:
            await uow.inspections.find(live.inspection.id)
    await other.aclose()


CHILD = """
import sys
from inspection.store.master_command import CommandMasterKey
from inspection.store.master_key import FileMasterKey
master = FileMasterKey(bytes.fromhex(sys.argv[1]))
for line in sys.stdin:
    what, *given = line.split()
    about, held = (bytes.fromhex(one) for one in given) if given else (b"", b"")
    answer = bytes.fromhex(master.id) if what == "id" else getattr(master, what)(held, about)
    print(answer.hex(), flush=True)
"""


async def test_a_command_may_hold_the_master_key(live: Live):  # noqa: F811
    await live.house.aclose()
    raw = (live.house.data / "keys" / "master.aes").read_bytes()
    master = CommandMasterKey([sys.executable, "-c", CHILD, raw.hex()], timeout_s=20.0)
    signer = load_or_create_signer(live.house.data / "keys" / "ledger.ed25519")
    database = open_database(live.house.data / "yuntakan.db", signer, FixedClock(), master)
    async with database.uow() as uow:
        inspection = await uow.inspections.find(live.inspection.id)
        made = await uow.data_keys.get("another", RetentionClass.TEXT)
        await uow.commit()
    async with database.reading() as uow:
        found = await uow.data_keys.find("another", RetentionClass.TEXT)
    await database.aclose()
    master.close()
    assert inspection is not None
    assert inspection.applicant == live.inspection.applicant
    assert found == made


def test_a_command_that_does_not_answer_is_unavailable():
    master = CommandMasterKey([sys.executable, "-c", "print('no')"], timeout_s=20.0)
    with pytest.raises(InspectionError) as caught:
        master.unwrap(b"x" * 60, b"")
    assert caught.value.code == "master_key_unavailable"


def test_keys_show_in_no_representation(tmp_path: Path):
    open_house(tmp_path)
    path = tmp_path / "keys" / "master.aes"
    master = open_master_key(tmp_path / "yuntakan.db", path)
    assert path.read_bytes().hex() not in repr(master) + repr(vars(master).keys())
