"""Opening an office that cannot be opened: one line for the operator, and nothing goes on behind it."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
from pathlib import Path

import pytest

from inspection.store.migration import upgrade
from inspection.store.office_certificate import CertificateFileError
from tests.web.test_cli import add_user, refused, run
from web.doctor_storage import check_database
from web.doctor_words import say
from web.office import open_office
from web.settings import Settings

pytestmark = pytest.mark.integration

MASTER = """
import os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
for line in sys.stdin:
    print("0123456789abcdef", flush=True)
"""


def damage(data: Path, name: str) -> Path:
    path = data / "keys" / name
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_bytes(b"damaged")
    return path


@pytest.mark.parametrize(("name", "error"), [("c2pa.pem", CertificateFileError), ("pepper", ValueError)])
async def test_what_was_opened_is_closed_again_when_a_later_part_is_damaged(
    tmp_path: Path, name: str, error: type[Exception]
) -> None:
    damage(tmp_path, name)
    started = tmp_path / "started"
    command = shlex.join([sys.executable, "-c", MASTER, str(started)])
    with pytest.raises(error):
        async with open_office(Settings(data=tmp_path, master_command=command)):
            pass
    if started.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(started.read_text()), 0)


def test_a_damaged_certificate_is_refused_in_a_line(tmp_path: Path) -> None:
    path = damage(tmp_path, "c2pa.pem")
    assert refused(add_user(tmp_path, "wang"), 1).endswith(f"{path} holds no key with certificates in PEM")
    assert "no key with certificates" in refused(run("check", "--data", str(tmp_path)), 1)


OLD_USER = "INSERT INTO users VALUES ('u', 'wang', 'x', 'inspector', '王芳', '示范县行政审批局', '001', 0)"
COMMANDS = (
    "check", "keys show", "keys rotate", "export YTK-2026-00001 -o out.zip", "hold YTK-2026-00001 on --reason x",
    "erase --expired", "user password wang --password-stdin", "serve --port 47431", "demo --port 47432",
)  # fmt: skip


@pytest.fixture(scope="module")
def old_office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of before values were sealed, with a person."""
    data = tmp_path_factory.mktemp("old")
    upgrade(data / "yuntakan.db", "0002")
    connection = sqlite3.connect(data / "yuntakan.db")
    connection.execute(OLD_USER)
    connection.commit()
    connection.close()
    return data


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_an_office_of_before_the_first_release_in_a_line(
    old_office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (old_office / "yuntakan.db").read_bytes()
    said = refused(run(*command.split(), "--data", str(old_office), stdin="correct horse battery\n"), 1)
    assert "start with a new data folder (--data), and keep the old one" in said and "(database_too_old)" in said
    assert (old_office / "yuntakan.db").read_bytes() == before


def test_the_doctor_names_it_in_both_languages(old_office: Path) -> None:
    for language, words in (("zh-CN", "旧目录原样保留"), ("en", "keep the old one as it is")):
        [(level, code, values)] = check_database(Settings(data=old_office))  # type: ignore[misc]
        assert (level, code) == ("BAD", "database_too_old") and words in say(code, language, **values)


def test_a_value_that_nobody_sealed_is_said_in_a_line_and_not_shown_as_erased(tmp_path: Path) -> None:
    assert add_user(tmp_path, "wang").returncode == 0
    connection = sqlite3.connect(tmp_path / "yuntakan.db")
    connection.execute("UPDATE users SET name = '王芳'")
    connection.commit()
    connection.close()
    data = ("--password-stdin", "--data", str(tmp_path))
    said = refused(run("user", "password", "wang", *data, stdin="another horse battery\n"), 1)
    assert said == "yuntakan: a value in the database is not sealed"
