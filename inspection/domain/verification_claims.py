"""What a verdict says besides what is proven: what was held against the package, and what only stands in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from inspection.domain.entry_kinds import GAP_CAUSES
from inspection.domain.package_withheld import Withheld
from inspection.domain.verification import Statement
from inspection.domain.verification_artefacts import Attested
from inspection.domain.verification_time import time_claims
from inspection.domain.verification_timestamps import Stamped


@dataclass(slots=True)
class Findings:
    """What the steps have found so far, as far as words depend on it. `receipt_size`: up to where receipts fit."""

    trusted: bool = False
    entries: int = 0
    checkpoints: int = 0
    receipt_size: int = 0
    stamped: list[Stamped] = field(default_factory=list)
    withheld: Sequence[Withheld] = ()
    frames_left_out: bool = False
    deep: Sequence[Statement] | None = None


def claims_of(attested: Attested, found: Findings, *, is_whole: bool) -> Iterator[Statement]:
    """In the order in which people read them; the first says what the package was held against."""
    yield Statement(_headline(found, is_whole))
    yield from _receipts(found)
    yield from _withheld(found.withheld)
    yield from _erasures(attested)
    yield from time_claims(found.stamped, attested)
    yield from _stated(attested)
    if found.frames_left_out:
        yield Statement("frames_not_counted")
    if attested.counts.get("still") and found.deep is None:
        yield Statement("stills_not_decoded")
    yield from found.deep or ()
    if attested.counts.get("track"):
        yield Statement("scene")
    yield Statement("limits")


def _headline(found: Findings, is_whole: bool) -> str:
    if found.trusted:
        return "trusted_receipts" if found.receipt_size else "trusted_no_receipt"
    if found.receipt_size:
        return "receipts_key_unchecked"
    return "self_consistent" if is_whole else "key_unchecked"


def _receipts(found: Findings) -> Iterator[Statement]:
    if not found.checkpoints:
        return
    if not found.receipt_size:
        yield Statement("receipts_absent", {"count": found.checkpoints})
    elif found.receipt_size < found.entries:
        yield Statement("receipts_end", {"first": found.receipt_size + 1, "last": found.entries})


def _withheld(withheld: Sequence[Withheld]) -> Iterator[Statement]:
    for (kind, rule), count in Counter((one.kind, one.rule) for one in withheld).items():
        tiles = sum(len(one.tiles or ()) for one in withheld if (one.kind, one.rule) == (kind, rule))
        yield Statement(f"withheld_{kind}_{rule}", {"count": count, "tiles": tiles})


def _erasures(attested: Attested) -> Iterator[Statement]:
    """Each act by its entry: what goes missing later is held against these."""
    for entry in attested.told.get("erased", ()):
        said = entry.payload
        values = {"seq": entry.seq, "at": entry.at, "rule": said["rule"], "basis": said["legal_basis"]}
        yield Statement("erasure", {**values, "classes": ", ".join(said["classes"]), "keys": said["keys_destroyed"]})


def _stated(attested: Attested) -> Iterator[Statement]:
    counts = attested.counts
    if attested.first_at is not None:
        yield Statement("server_clock", {"first": attested.first_at, "last": attested.last_at})
    if attested.backward:
        yield Statement("clock_backward", {"count": attested.backward})
    if counts.get("identity") or counts.get("presence"):
        yield Statement("identities")
    if counts.get("fix"):
        yield Statement("positions", {"count": counts["fix"]})
    if counts.get("no_fix"):
        yield Statement("no_positions", {"count": counts["no_fix"]})
    if counts.get("gap") or counts.get("torn"):
        yield Statement("gaps", {"count": counts.get("gap", 0) + counts.get("torn", 0)})
    for cause in GAP_CAUSES:
        if cause in attested.gap_ms:
            yield Statement(f"gap_{cause}", {"seconds": f"{attested.gap_ms[cause] / 1000:.1f}"})
    if counts.get("recovered"):
        yield Statement("recovered", {"count": counts["recovered"]})
