"""The console command as people meet it: a process, its output, its exit status."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from web.cli import main, make_parser
from web.settings import OfficeSettings, Settings
from web.turn_settings import TurnSettings

pytestmark = pytest.mark.integration

YUNTAKAN = Path(sys.executable).with_name("yuntakan")
OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
PASSWORD = "correct horse battery"


def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YUNTAKAN_")}
    return subprocess.run(
        [str(YUNTAKAN), *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False,
        env={**environment, "LC_ALL": "C.UTF-8", **variables},
    )  # fmt: skip


def add_user(data: Path, username: str, *more: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    options = ("--name", "张三", "--role", "inspector", "--password-stdin", "--data", str(data))
    return run("user", "add", username, *options, *more, stdin=password)


def refused(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line on standard error of a refusal."""
    assert done.returncode == status, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("yuntakan: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    return lines[0]


def commands(parser: argparse.ArgumentParser, name: str = "yuntakan") -> dict[str, argparse.ArgumentParser]:
    """Every command on every level, by the words that one types."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                found |= {f"{name} {word}": inner, **commands(inner, f"{name} {word}")}
    return found


ALL_COMMANDS = commands(make_parser(["bench"]))


@pytest.mark.parametrize("command", ["yuntakan", *ALL_COMMANDS])
def test_every_level_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command.split()[1:], "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {command} ")


def test_the_installed_command_is_this_one():
    done = run("--help")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["usage:", "yuntakan"])


def test_the_commands_are_those_that_are_promised():
    leaves = {name.removeprefix("yuntakan ") for name, parser in ALL_COMMANDS.items() if not commands(parser)}
    assert leaves == {
        "serve", "demo", "erase", "hold", "user add", "user password", "keys show", "keys rotate",
        "export", "verify", "check", "doctor", "turn-config",
        "bench relay", "bench transit", "bench latency", "bench soak", "bench joins", "bench ledger", "bench verify",
    }  # fmt: skip


def test_the_operations_page_has_every_command_flag_and_setting_and_no_others():
    text = OPERATIONS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(yuntakan(?: [a-z]+(?:-[a-z]+)*)+)`", text, re.MULTILINE)
    assert set(rows) == {name for name, parser in ALL_COMMANDS.items() if not commands(parser)}
    flags = {flag for action in ALL_COMMANDS["yuntakan serve"]._actions for flag in action.option_strings}
    assert {flag for flag in flags if f"`{flag}`" not in text} == {"-h", "--help"}
    names = {f"YUNTAKAN_{name.upper()}" for name in Settings.model_fields if name not in ("office", "turn")}
    assert names <= set(re.findall(r"`(YUNTAKAN_[A-Z_]+)`", text))
    assert all(f"__{name.upper()}`" in text for name in (*OfficeSettings.model_fields, *TurnSettings.model_fields))


def test_the_first_sentence_of_each_help_stands_in_the_operations_page():
    text = " ".join(OPERATIONS.read_text(encoding="utf-8").split())
    for name, parser in ALL_COMMANDS.items():
        if not commands(parser) and name not in ("yuntakan doctor", "yuntakan check", "yuntakan user password"):
            assert (parser.description or "").split(". ")[0].rstrip(".") in text, name


def test_help_and_verify_answer_at_once(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    for arguments in (["--help"], ["verify", str(tmp_path / "x.zip")]):
        fastest_s = min(timed(arguments) for _ in range(3))
        assert fastest_s < 0.5, arguments


def timed(arguments: list[str]) -> float:
    """Processor seconds, which other processes on the machine do not lengthen."""
    before = os.times()
    run(*arguments)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def test_help_imports_nothing_heavy():
    heavy = "('aiohttp', 'sqlalchemy', 'cv2', 'av', 'aiortc', 'pydantic', 'cryptography')"
    code = f"import sys, web.cli; web.cli.make_parser(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_account_is_added_once(tmp_path):
    assert add_user(tmp_path / "new" / "data", "zhang").stdout == "added inspector zhang\n"
    assert "username_taken" in refused(add_user(tmp_path / "new" / "data", "zhang"), 1)


def test_the_data_folder_is_its_owners_alone(tmp_path):
    add_user(tmp_path / "data", "zhang")
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [("zhang", "short", "password"), ("Zhang San", PASSWORD, "username"), ("zhang", "", "password")],
)
def test_an_account_that_cannot_be_is_refused_in_one_line(tmp_path, username, password, says):
    assert says in refused(add_user(tmp_path / "data", username, password=password), 1)


def test_without_a_terminal_a_password_is_not_waited_for(tmp_path):
    done = run("user", "add", "zhang", "--name", "张三", "--role", "auditor", "--data", str(tmp_path))
    assert "--password-stdin" in refused(done, 2)


def test_a_new_password_is_set_for_whom_there_is(tmp_path):
    add_user(tmp_path, "zhang")
    arguments = ("--password-stdin", "--data", str(tmp_path))
    assert "new password" in run("user", "password", "zhang", *arguments, stdin="another good one").stdout
    assert "unknown" in refused(run("user", "password", "li", *arguments, stdin="another good one"), 1)


@pytest.mark.parametrize("command", [("check",), ("export", "X", "-o", "x.zip"), ("user", "password", "z")])
def test_a_folder_without_an_office_is_refused_and_not_made(tmp_path, command):
    done = run(*command, "--data", str(tmp_path / "none"), stdin=PASSWORD)
    assert "no office here" in refused(done, 2)
    assert not (tmp_path / "none").exists()


def test_an_unknown_inspection_is_said_in_one_line(tmp_path):
    add_user(tmp_path, "zhang")
    out = tmp_path / "x.zip"
    for command in (("export", "YTK-2026-99999", "-o", str(out)), ("check", "YTK-2026-99999")):
        assert "YTK-2026-99999: no such inspection" in refused(run(*command, "--data", str(tmp_path)), 2)
    assert not out.exists()


def test_an_export_into_no_folder_is_refused_before_anything_is_done(tmp_path):
    add_user(tmp_path, "zhang")
    done = run("export", "X", "-o", str(tmp_path / "none" / "x.zip"), "--data", str(tmp_path))
    assert "not a file" in refused(done, 2)


def test_an_empty_office_checks_sound(tmp_path):
    add_user(tmp_path, "zhang")
    done = run("check", "--data", str(tmp_path))
    assert (done.returncode, "everything fits" in done.stdout) == (0, True)


@pytest.mark.parametrize("name", ["none.zip", "folder", "text.zip", "empty.zip"])
def test_what_is_no_zip_is_unreadable_with_status_2(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.zip").write_text("not a ZIP")
    (tmp_path / "empty.zip").write_bytes(b"")
    done = run("verify", str(tmp_path / name), "--json")
    assert done.returncode == 2
    said = json.loads(done.stdout)
    assert (said["verdict"], said["first_problem"], said["proven"], said["claimed"]) == ("unreadable", None, [], [])


def test_a_key_that_is_none_is_refused(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"x")
    assert "--trust" in refused(run("verify", str(tmp_path / "x.zip"), "--trust", "???"), 2)


@pytest.mark.parametrize("arguments", [(), ("serve", "--port", "many"), ("fly",), ("user",), ("bench",), ("verify",)])
def test_wrong_use_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: yuntakan" in capsys.readouterr().err


def test_a_misspelt_variable_stops_every_command(tmp_path):
    assert "YUNTAKAN_PROT" in refused(run("check", "--data", str(tmp_path), YUNTAKAN_PROT="1"), 1)


def test_a_wrong_variable_is_named(tmp_path):
    assert "port" in refused(run("serve", "--data", str(tmp_path), YUNTAKAN_PORT="none"), 1)


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(run("serve", "--data", str(tmp_path / "file" / "data")), 1)


