"""Progress lines, and the players of the demo as processes."""

from __future__ import annotations

import asyncio
import io

import pytest

from web import demo_players
from web.console import CommandFailed, Progress, language, progress
from web.demo_players import end_player, keep_robot, start_player

pytestmark = pytest.mark.integration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Hand:
    at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


def shown(out: io.StringIO, *instants_s: float) -> str:
    hand = Hand()
    line = Progress("exporting", out, hand)
    line.count(3, 4)
    for at_s in instants_s:
        hand.at_s = at_s
        line.tick()
    return out.getvalue()


def test_what_takes_less_than_a_second_says_nothing():
    assert shown(io.StringIO(), 0.2, 0.9) == ""


def test_a_log_gets_a_line_every_five_seconds():
    text = shown(io.StringIO(), 1.1, 2.0, 5.9, 6.2, 7.0)
    assert text.splitlines() == ["exporting … 1 s 75 %", "exporting … 6 s 75 %"]


def test_a_terminal_gets_one_line_that_is_rewritten():
    text = shown(Terminal(), 1.1, 1.4)
    assert text.count("\r") == 2 and "\n" not in text


def test_the_line_is_written_while_the_work_blocks():
    out, hand = io.StringIO(), Hand()
    with progress("checking", out) as line:
        line._now_s = hand
        line._started_s = 0.0
        hand.at_s = 3.0
        deadline = 200
        while not out.getvalue() and deadline:
            deadline -= 1
            sum(range(200_000))
    assert out.getvalue() == "checking … 3 s\n"


def test_chinese_terminals_are_spoken_to_in_chinese(monkeypatch):
    monkeypatch.setattr("locale.setlocale", lambda *_: "")
    for name, spoken in (("zh_CN", "zh-CN"), ("en_US", "en"), (None, "en")):
        monkeypatch.setattr("locale.getlocale", lambda *_, name=name: (name, "UTF-8"))
        assert language() == spoken


async def test_a_player_that_does_not_end_by_itself_is_ended():
    player = await start_player(["examples.robot_applicant", "--help"])
    assert await player.wait() == 0
    await end_player(player)
    reader = await start_player(
        ["examples.demo_day", "--package", "/nowhere", "--receipts", "/nowhere"], stdin=asyncio.subprocess.PIPE
    )
    await end_player(reader)
    assert reader.returncode is not None


async def test_players_that_are_not_there_are_named():
    with pytest.raises(CommandFailed, match=r"examples\.juggler is not in"):
        await start_player(["examples.juggler"])


async def test_a_robot_that_fails_is_sent_again_a_few_times_and_then_left(monkeypatch, capfd):
    monkeypatch.setattr(demo_players, "PAUSES_S", (0.01, 0.01))
    command = ["examples.robot_applicant", "--url", "https://127.0.0.1:9", "--pickup-code", "1", "--phone", "1"]
    await keep_robot([*command, "--sms-outbox", "/nowhere"])
    said = capfd.readouterr().out
    assert said.count("robot failed") == 2
    assert "gives up" in said.splitlines()[-1]
