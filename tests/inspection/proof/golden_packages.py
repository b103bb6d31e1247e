"""Made the golden packages, once: `python -m tests.inspection.proof.golden_packages FOLDER`.

They are kept as they are. Another run gives others, since the authority's key, its token and the page's key are new.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from inspection.domain.package_withheld import Withheld
from tests.inspection.proof.builder import SESSION
from tests.inspection.proof.tamper.office_days import Day
from tests.inspection.proof.tamper.rich import Rich, make_rich
from tests.inspection.proof.tamper.tiled_stills import cover
from tests.inspection.proof.tampering import flip, read_members, zip_members
from tests.inspection.proof.timestamp_authority import Authority


def make_all(folder: Path) -> None:
    """Four packages, the authority's root, and what people kept of the first."""
    with tempfile.TemporaryDirectory() as scratch:
        authority = Authority.make(Path(scratch) / "authority")
        rich = make_rich(Path(scratch) / "case", authority)
        (folder / "root.pem").write_bytes(authority.root.pem)
        lines = [one.to_line() for one in rich.case.checkpoints]
        (folder / "receipts.txt").write_bytes(b"".join(line + b"\n" for line in (lines[0], lines[-1])))
        (folder / "package-1-whole.zip").write_bytes(rich.package.read_bytes())
        (folder / "package-1-broken.zip").write_bytes(_broken(rich))
        (folder / "package-1-redacted.zip").write_bytes(_redacted(rich.day).read_bytes())
        (folder / "package-1-erased.zip").write_bytes(_erased(rich.day).read_bytes())


def _broken(rich: Rich) -> bytes:
    members = read_members(rich.package)
    flip(next(name for name in members if name.startswith("stills/")), 10)(members)
    return zip_members(members)


def _redacted(day: Day) -> Path:
    """Tiles of a still, a stretch of a track, another track as a whole, and what somebody said."""
    chosen = random.Random(1)
    tracks = {claim.track_id: claim for claim in day.case.attested().recorded()}
    long = max(tracks.values(), key=lambda claim: len(claim.segments))
    last = len(long.segments) - 1
    other = next(track_id for track_id in tracks if track_id != long.track_id)
    said = next(entry.seq for entry in day.case.entries if entry.kind == "chat")
    day.withheld = [
        *cover(day.tiled[0], chosen, "redacted"),
        Withheld("journal", "redacted", session=SESSION, track=long.track_id, from_index=1, to_index=max(1, last - 1)),
        Withheld("track", "redacted", session=tracks[other].session_id, track=other),
        Withheld("opening", "redacted", seq=said, path="/payload/text"),
    ]
    day.audience = "court"
    return day.export()


def _erased(day: Day) -> Path:
    for one in day.tiled:
        one.texts = []
    day.case.erase("media", "person", "text")
    day.audience, day.withheld = "office", day.case.withheld_by_erasure("media", "person", "text")
    return day.export()


if __name__ == "__main__":
    make_all(Path(sys.argv[1]))
