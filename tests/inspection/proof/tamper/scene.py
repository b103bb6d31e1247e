"""What the thirteen attacks begin with: an honest package, who holds which key, and what people outside hold."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from inspection.store.signer import FileSigner
from tests.inspection.proof.builder import LI, SESSION, WANG, Case
from tests.inspection.proof.tamper.forge import Forged, b64

STRANGER = 99
FIRST, SECOND = "track1", "track2"


@dataclass(frozen=True)
class Outcome:
    """A code and a place; `receipts` and `trust` are what whoever checks has beside the package."""

    code: str
    where: str
    trust: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """An honest package with what people outside hold, and the dice for one variant."""

    case: Case
    package: Path
    signers: tuple[FileSigner, ...]
    chosen: random.Random

    def taken(self) -> Forged:
        """The package, to be changed."""
        return Forged(self.package, self.signers)

    @property
    def trust(self) -> tuple[str, ...]:
        """The office's newest key."""
        return (b64(self.signers[-1].public_key()),)

    @property
    def signer(self) -> FileSigner:
        """The office's newest."""
        return self.signers[-1]

    def seq_of(self, *kinds: str) -> int:
        """One entry of these kinds, or any."""
        found = [entry.seq for entry in self.case.entries if not kinds or entry.kind in kinds]
        return self.chosen.choice(found)

    def receipt(self, least: int, as_code: bool) -> tuple[str, int]:
        """One that was handed out at a size of at least so many entries, and that size."""
        held = self.chosen.choice([one for one in self.case.checkpoints if one.size >= least])
        line, code = self.case.receipt(held.size)
        return (code if as_code else line), held.size


def make_scene(root: Path, seed: int) -> Scene:
    """Two tracks, stills, a picture, words, heads along the way; with a change of keys for every other seed."""
    chosen = random.Random(seed)
    case = Case(root, chosen=random.Random(seed))
    case.open()
    case.record(FIRST, chosen.randrange(2, 5), 2 * seed + 1, chosen.randrange(20, 90))
    case.checkpoint()
    signers = [case.signer]
    if seed % 2:
        case.rotate(STRANGER - 1)
        signers.append(case.signer)
    for number in range(2):
        case.still(f"still{number + 1}", b"\xff\xd8" + chosen.randbytes(40))
        case.add("chat", {"session_id": SESSION, "text": f"第 {number} 句 {chosen.random()}"}, WANG)
        case.checkpoint()
    case.record(SECOND, chosen.randrange(2, 5), 2 * seed + 2, chosen.randrange(20, 90))
    case.rectify(chosen.randbytes(30))
    case.checkpoint()
    for number in range(chosen.randrange(2, 6)):
        case.add("chat", {"session_id": SESSION, "text": f"尾 {number}"}, LI)
        case.checkpoint()
    return Scene(case, case.export(), tuple(signers), chosen)


def entry(seq: int) -> str:
    """How an entry is named."""
    return f"ledger.jsonl entry {seq}"


def seq_of(scene: Scene, kind: str) -> int:
    return next(one.seq for one in scene.case.entries if one.kind == kind)


def seq_of_still(scene: Scene) -> int:
    return next(one.seq for one in scene.case.entries if one.payload.get("still_id") == "still1")


def seq_of_byte(scene: Scene, track: str, at: int) -> int:
    ranges = [one for one in scene.case.entries if one.kind == "segment" and one.payload["track_id"] == track]
    return next(one.seq for one in ranges if at < one.payload["offset"] + one.payload["length"])
