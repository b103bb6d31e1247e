"""Clocks on record: the server's by NTP, the phone's by an exchange."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection.services.clocks import PhoneClock, clock_draft, record_phone_clock
from inspection.services.ports import NtpState
from inspection.store.ntp import read_ntp, state_of
from tests.inspection.services.office import go_live, open_house


def test_the_kernels_words_are_read() -> None:
    assert state_of(0, 0x2001, -2_500_000, 16_000) == NtpState(True, -2500, 16_000)
    assert state_of(0, 0x0001, 1200, 500) == NtpState(True, 1200, 500)
    assert not state_of(5, 0x2001, 0, 16_000_000).synchronised
    assert not state_of(0, 0x2041, 0, 16_000_000).synchronised


def test_this_machine_answers_or_says_that_it_cannot() -> None:
    state = read_ntp()
    assert state is None or state.max_error_us >= 0


def test_a_clock_that_nobody_can_tell_of_says_so() -> None:
    assert clock_draft("s", None).payload == {"session_id": "s", "source": "unknown"}
    assert clock_draft("s", NtpState(False, 0, 9)).payload["synchronised"] is False


@pytest.mark.parametrize("known", [True, False])
async def test_a_session_starts_with_the_state_of_the_servers_clock(tmp_path: Path, known: bool) -> None:
    house = open_house(tmp_path / "data")
    if known:
        object.__setattr__(house.office, "read_ntp", lambda: NtpState(True, 40, 9000))
    live = await go_live(house)
    async with house.office.reading() as uow:
        entries = await uow.entries.list(live.inspection.id, 0, 100)
    await house.aclose()
    kinds = [entry.kind for entry in entries]
    clock = entries[kinds.index("session_started") + 1]
    assert clock.kind == "clock"
    said = {"source": "ntp", "synchronised": True, "offset_us": 40, "max_error_us": 9000}
    assert clock.payload == {"session_id": live.session_id, **(said if known else {"source": "unknown"})}


async def test_a_phones_clock_is_put_on_record(tmp_path: Path) -> None:
    house = open_house(tmp_path / "data")
    live = await go_live(house)
    told = await record_phone_clock(house.office, live.applicant, live.session_id, PhoneClock(-61_000, 42))
    await house.aclose()
    (entry,) = told.entries
    assert (entry.kind, entry.actor["role"]) == ("phone_clock", "system")
    assert entry.payload["offset_ms"] == -61_000 and entry.payload["round_trip_ms"] == 42
