"""What a verdict says about time: proven by outside authorities, or only claimed by the office's clocks and devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspection.domain.entry import Entry
from inspection.domain.verification import Statement
from inspection.domain.verification_artefacts import Attested
from inspection.domain.verification_timestamps import Stamped


def time_statements(stamped: Sequence[Stamped], attested: Attested) -> Iterator[Statement]:
    """What is proven: by tokens that lead to a given root, and of no authority for tests."""
    outside = [one for one in stamped if one.facts.root is not None and not one.entry.payload["is_test"]]
    for size in sorted({one.size for one in outside}):
        first = _first_after(outside, size)
        if first is not None:
            values = {"size": size, "at": first.facts.not_after, "authority": first.facts.root}
            yield Statement("not_later", values)
    for entry in attested.told.get("challenge", ()):
        yield from _of_challenge(entry, outside, attested)


def time_claims(stamped: Sequence[Stamped], attested: Attested) -> Iterator[Statement]:
    """What is only claimed, and what is missing."""
    inside = [one for one in stamped if one.facts.root is None]
    if inside:
        yield Statement("stamps_unchecked", {"count": len(inside)})
    if any(one.entry.payload["is_test"] for one in stamped):
        yield Statement("stamps_of_test")
    failed = len(attested.told.get("timestamp_failed", ()))
    if failed:
        yield Statement("stamps_failed", {"count": failed})
    if not stamped:
        yield Statement("no_outside_time")
    yield from _clocks(attested)


def _of_challenge(entry: Entry, outside: Sequence[Stamped], attested: Attested) -> Iterator[Statement]:
    """Not earlier than the newest token that the code's root commits to, not later than the first over the still."""
    code = entry.payload["code"]
    known = [one for one in outside if one.entry.seq <= entry.payload["size"]]
    if not known:
        return
    last = max(known, key=lambda one: one.facts.not_before)
    still_seq = attested.challenge_stills.get(entry.payload["challenge_id"])
    first = None if still_seq is None else _first_after(outside, still_seq)
    if first is None:
        yield Statement("not_earlier", {"code": code, "at": last.facts.not_before})
    else:
        values = {"code": code, "first": last.facts.not_before, "last": first.facts.not_after}
        yield Statement("between", {**values, "authority": first.facts.root})


def _first_after(outside: Sequence[Stamped], seq: int) -> Stamped | None:
    """The token that shows soonest that entry `seq` was there."""
    return min((one for one in outside if one.size >= seq), key=lambda one: one.facts.not_after, default=None)


def _clocks(attested: Attested) -> Iterator[Statement]:
    clocks = [entry.payload for entry in attested.told.get("clock", ())]
    free = sum(said.get("synchronised") is False for said in clocks)
    if free:
        yield Statement("clock_free", {"count": free})
    steps_us = [abs(said["step_us"]) for said in clocks if said.get("step_us") is not None]
    if steps_us:
        yield Statement("clock_stepped", {"count": len(steps_us), "seconds": _seconds(max(steps_us) / 1000)})
    offsets_ms = [abs(entry.payload["offset_ms"]) for entry in attested.told.get("phone_clock", ())]
    if offsets_ms:
        yield Statement("phone_clock", {"seconds": _seconds(max(offsets_ms))})


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f}"
