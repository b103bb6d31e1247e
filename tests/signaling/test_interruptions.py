"""A restart is one gap: from the last recorded moment to the first again, or to the session's end."""

from __future__ import annotations

from typing import Any

import pytest

from inspection.domain.entry import EntryDraft
from inspection.domain.entry_kinds import check_payload
from inspection.domain.instants import parse_rfc3339, to_unix_us
from signaling.interruptions import Interruptions

pytestmark = pytest.mark.unit

T = 1_795_500_000_000_000
SECOND = 1_000_000


class Bench:
    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.interruptions = Interruptions(self._offer)

    def _offer(self, inspection_id: str, draft: EntryDraft) -> None:
        check_payload(draft.kind, draft.payload)
        self.told.append((inspection_id, draft.payload))

    def spans(self) -> list[tuple[float, float]]:
        def at(text: str) -> float:
            return (to_unix_us(parse_rfc3339(text)) - T) / SECOND

        return [(at(said["started_at"]), at(said["ended_at"])) for _, said in self.told]


def test_a_restart_of_the_relay_is_told_when_media_is_back_and_the_journals_are_read() -> None:
    bench = Bench()
    bench.interruptions.note_recorded("s", T + 5 * SECOND)
    bench.interruptions.begin("i", "s")
    bench.interruptions.end("s", T + 9 * SECOND)
    assert bench.told == [], "how far the journals reach is not known yet"
    bench.interruptions.recovered("s", T + 6 * SECOND)
    bench.interruptions.end("s", T + 20 * SECOND)
    assert bench.spans() == [(6.0, 9.0)]


def test_a_second_restart_before_media_is_back_belongs_to_the_first() -> None:
    bench = Bench()
    bench.interruptions.note_recorded("s", T)
    for _ in range(2):
        bench.interruptions.begin("i", "s")
        bench.interruptions.recovered("s", None)
    bench.interruptions.end("s", T + 4 * SECOND)
    assert bench.spans() == [(0.0, 4.0)]


def test_a_session_of_which_nothing_was_recorded_lacks_nothing() -> None:
    bench = Bench()
    bench.interruptions.begin("i", "s")
    bench.interruptions.recovered("s", None)
    bench.interruptions.end("s", T)
    assert bench.told == []


def test_a_restart_of_the_server_that_nobody_comes_back_from_ends_with_the_session() -> None:
    bench = Bench()
    bench.interruptions.begin("i", "s", T)
    bench.interruptions.end_session("s", T + 7200 * SECOND)
    assert bench.spans() == [(0.0, 7200.0)]


def test_a_relay_that_is_missed_only_after_the_sessions_end_was_away_until_then() -> None:
    bench = Bench()
    bench.interruptions.note_recorded("s", T)
    bench.interruptions.end_session("s", T + 2 * SECOND)
    bench.interruptions.begin("i", "s")
    bench.interruptions.recovered("s", None)
    assert bench.spans() == [(0.0, 2.0)]
