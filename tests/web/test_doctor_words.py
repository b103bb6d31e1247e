"""The doctor's findings in both languages, its JSON, and the probe that it asks a server for."""

from __future__ import annotations

import asyncio
import json
import re
import string
from pathlib import Path

import pytest

from inspection.domain.errors import InspectionError
from media.config import RelayConfig
from web.cli import main
from web.doctor_remote import try_udp
from web.doctor_words import WORDS, say
from web.probes import MOST_AT_ONCE, Probes

pytestmark = pytest.mark.integration


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", WORDS)
def test_both_languages_say_the_same_values(code: str) -> None:
    chinese, english = WORDS[code]
    assert fields(chinese) == fields(english)
    assert re.search("[一-鿿]", chinese) and not re.search("[一-鿿]", english)
    assert "{" not in say(code, "zh-CN", **dict.fromkeys(fields(chinese), "x"))


def test_findings_as_json_have_stable_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--data", str(tmp_path / "data"), "--port", "48443"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    codes = {one["code"]: one["level"] for one in found["results"]}
    assert codes["turn_none"] == "note" and {"udp_any", "outer_none", "disk", "relay"} <= set(codes)
    assert found["ok"] == all(one["level"] != "bad" for one in found["results"])


@pytest.mark.parametrize("server", ["http://tk.example", "tk.example", "https://"])
def test_an_address_that_is_none_is_misuse(server: str) -> None:
    assert main(["doctor", "--server", server]) == 2


def test_a_server_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--server", "https://127.0.0.1:9", "--language", "zh-CN"]) == 1
    assert "网页连不上" in capsys.readouterr().out


async def test_a_probe_answers_by_the_sockets_of_a_call_and_only_so_many_are_open() -> None:
    probes = Probes(RelayConfig(listen=(), loopback=True, udp_ports=(42640, 42643)))
    try:
        opened = [await probes.open() for _ in range(MOST_AT_ONCE)]
        assert {port for probe in opened for _, port in probe.candidates} == set(range(42640, 42644))
        with pytest.raises(InspectionError) as refused:
            await probes.open()
        assert refused.value.code == "busy"
        one = opened[0]
        seen = await asyncio.to_thread(try_udp, list(one.candidates), one.username, one.password)
        assert set(seen) == set(one.candidates)
        wrong = await asyncio.to_thread(try_udp, list(one.candidates), one.username, "not-its-password-at-all")
        assert wrong == {}
    finally:
        await probes.aclose()
    again = Probes(RelayConfig(listen=(), loopback=True, udp_ports=(42640, 42640)))
    await again.open()
    await again.aclose()
