"""A package with one of everything, and ways to bring in what the office's own key holder could sign."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.inspection.proof.builder import SESSION, WANG, Case, signer_of
from tests.inspection.proof.tamper.forge import Forged
from tests.inspection.proof.tamper.office_days import Day, do_step
from tests.inspection.proof.timestamp_authority import Authority

STEPS = (
    "record", "tiled", "still", "rectify", "checkpoint", "chat", "rotate", "stamp", "challenge", "signed", "record",
    "fix", "clock",
)  # fmt: skip


@dataclass(frozen=True)
class Rich:
    """The day it is of, and the package in the office's own copy."""

    day: Day
    package: Path

    @property
    def case(self) -> Case:
        return self.day.case

    def taken(self) -> Forged:
        """The package, to be changed; `signers` are both keys of the office."""
        return Forged(self.package, [signer_of(1), self.case.signer])

    def seq_of(self, kind: str) -> int:
        """The first of a kind."""
        return next(entry.seq for entry in self.case.entries if entry.kind == kind)


def make_rich(root: Path, authority: Authority | None, seed: int = 5) -> Rich:
    """The same for the same seed, but for the token."""
    day = Day(Case(root, chosen=random.Random(seed)), random.Random(seed), authority)
    day.case.open()
    for step in STEPS:
        do_step(day, step)
    day.case.add("chat", {"session_id": SESSION, "text": "结束"}, WANG)
    day.case.checkpoint()
    return Rich(day, day.export())


def resealed(forged: Forged, change: Callable[[list[dict[str, Any]]], None], first_seq: int = 1) -> Forged:
    """Entries after `change`, and everything signed again by whoever holds the office's keys."""
    entries = forged.entries
    change(entries)
    forged.entries = entries
    forged.chain(first_seq, forged.signers)
    forged.checkpoint(forged.signers[-1], keep=first_seq - 1)
    forged.list_again(forged.signers[-1])
    return forged


def added(forged: Forged, kind: str, payload: dict[str, Any]) -> Forged:
    """With one more entry of the server, of whatever kind and shape."""

    def append(entries: list[dict[str, Any]]) -> None:
        template = next(one for one in entries if one["actor"]["role"] == "system")
        entries.append({**template, "kind": kind, "payload": payload, "subject": None})

    return resealed(forged, append)
