"""`yuntakan keys`: a new key takes over in order, in every inspection, or not at all."""

from __future__ import annotations

import base64
import json
import shlex
import sys
from pathlib import Path

import pytest

from inspection.domain.key_history import check_key_history, parse_key_line
from inspection.services.ledger import close_ledger
from inspection.store.key_files import key_in_use
from inspection.store.signer import load_or_create_signer, verify_ed25519
from tests.inspection.services.office import go_live, open_house
from tests.web.test_cli import refused, run
from web.office import open_office
from web.settings import Settings

pytestmark = pytest.mark.integration

CHILD = """
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
for line in sys.stdin:
    asked = line.strip()
    print((key.public_key().public_bytes_raw() if asked == "public_key" else key.sign(bytes.fromhex(asked))).hex())
    sys.stdout.flush()
"""


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """An office with one live inspection, closed."""
    house = open_house(tmp_path)
    await go_live(house)
    await house.aclose()
    return tmp_path


def keys(data: Path, *arguments: str, **variables: str):
    return run("keys", *arguments, "--data", str(data), **variables)


def history(data: Path) -> list[str]:
    lines = [parse_key_line(line.encode()) for line in keys(data, "show", "--json").stdout.splitlines()]
    check_key_history(lines, verify_ed25519)
    return [line.key_id for line in lines]


async def add_entry(data: Path, **settings: object) -> tuple[list[str], str]:
    """Looks at the one inspection, as an auditor does; the kinds of its entries and the last checkpoint's key."""
    from inspection.domain.actor import SYSTEM
    from inspection.services import audit

    async with open_office(Settings(data=data, **settings)) as opened:  # type: ignore[arg-type]
        async with opened.office.reading() as uow:
            inspection_id = (await uow.inspections.list(None))[0].id
        await audit.record_export(opened.office, SYSTEM, inspection_id)
        async with opened.office.uow() as uow:
            checkpoint = await close_ledger(uow, inspection_id)
            kinds = [entry.kind for entry in await uow.entries.list(inspection_id, 0, 1000)]
            await uow.commit()
    return kinds, checkpoint.key


async def test_a_new_key_takes_over_and_the_next_entry_says_so(data):
    old = load_or_create_signer(data / "keys" / "ledger.ed25519").public_key()
    done = keys(data, "rotate")
    assert (done.returncode, "in use" in done.stdout) == (0, True), done.stderr
    new = load_or_create_signer(data / "keys" / "ledger.ed25519").public_key()
    assert new != old and base64.b64encode(new).decode() in done.stdout
    first, second = history(data)
    kinds, key = await add_entry(data)
    assert (kinds[-2:], key) == (["key_changed", "export"], second)
    kinds, key = await add_entry(data)
    assert (kinds.count("key_changed"), key) == (1, second)
    assert keys(data, "show").stdout.count(first) == 1


async def test_two_changes_between_two_entries_are_named_by_the_last(data):
    for _ in range(2):
        assert keys(data, "rotate").returncode == 0
    kinds, key = await add_entry(data)
    assert (kinds.count("key_changed"), key) == (1, history(data)[2])


def test_a_key_is_not_changed_under_a_server_that_signs_with_it(data):
    with key_in_use(data / "run" / "key.lock", alone=False):
        assert "stop it first" in refused(keys(data, "rotate"), 1)
    assert len(history(data)) == 1


async def test_a_command_can_take_the_key_over_and_give_it_back(data, tmp_path):
    child = tmp_path / "child.py"
    child.write_text(CHILD)
    command = shlex.join([sys.executable, str(child)])
    done = keys(data, "rotate", "--to-command", command)
    assert done.returncode == 0, done.stderr
    assert not (data / "keys" / "ledger.ed25519").exists()
    kinds, key = await add_entry(data, sign_command=command)
    assert (kinds[-2:], key) == (["key_changed", "export"], history(data)[1])
    assert "gone" in refused(keys(data, "rotate"), 1), "the file is no key of this office any more"
    assert "--to-command" in refused(keys(data, "rotate", YUNTAKAN_SIGN_COMMAND=command), 2)
    done = keys(data, "rotate", "--to-file", YUNTAKAN_SIGN_COMMAND=command)
    assert done.returncode == 0, done.stderr
    kinds, key = await add_entry(data)
    assert (kinds[-2:], key) == (["key_changed", "export"], history(data)[2])


def test_a_command_that_signs_nothing_changes_nothing(data):
    assert "signer_unavailable" in refused(keys(data, "rotate", "--to-command", "false"), 1)
    assert len(history(data)) == 1


def test_a_command_with_another_key_is_not_signed_with(data, tmp_path):
    child = tmp_path / "child.py"
    child.write_text(CHILD)
    command = shlex.join([sys.executable, str(child)])
    done = run("check", "--data", str(data), YUNTAKAN_SIGN_COMMAND=command)
    assert "keys rotate" in refused(done, 1)


def test_the_keys_of_a_new_office_are_told_as_they_are(tmp_path):
    assert "no entry" in keys_of_new_office(tmp_path)
    assert refused(keys(tmp_path / "nowhere", "show"), 2)


def keys_of_new_office(data: Path) -> str:
    done = run(
        "user", "add", "li", "--name", "李", "--role", "auditor", "--password-stdin", "--data", str(data),
        stdin="correct horse battery",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.dumps(keys(data, "show", "--json").stdout) == '""'
    return keys(data, "show").stdout
