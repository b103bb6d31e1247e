"""Days of an honest office, drawn by a seed: whatever comes of them has to be whole for every verifier.

Calls break off and come back, keys are handed over, clocks are set, things are erased, handed out in part, stamped,
signed by pages. A day is the same for the same seed (but for tokens, which an authority makes).
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from inspection.domain.challenges import challenge_code
from inspection.domain.entry_kinds import GAP_CAUSES
from inspection.domain.instants import rfc3339_ms
from inspection.domain.package_withheld import Withheld, is_for
from inspection.store.package_export import export_file
from tests.inspection.proof.builder import LI, SESSION, START, WANG, Case, journal_pieces, segment_payloads
from tests.inspection.proof.tamper.signed_video import signed_journal
from tests.inspection.proof.tamper.tiled_stills import TiledStill, cover, put_tiled_still
from tests.inspection.proof.timestamp_authority import Authority

TEXTS = (
    "",
    "请把镜头对准招牌",
    '𠮷\n\t"\\/',
    "\u2028\u2029",
    "好" * 500,
    "\x7f\x00\x1f",
    "é\u0301 ﬁ",
    '{"c":"0"}',
    "a/b~c",
)
#: What a record of an hour would have more of.
STEPS = (
    "record", "record", "signed", "crash", "still", "tiled", "rectify", "gap", "chat", "fix", "device", "presence",
    "checkpoint", "checkpoint", "rotate", "clock", "stamp", "stamp_failed", "challenge", "session", "viewing", "export",
)  # fmt: skip


@dataclass
class Day:
    """An inspection with what somebody outside holds of it."""

    case: Case
    chosen: random.Random
    authority: Authority | None = None
    number: int = 0
    sessions: list[str] = field(default_factory=lambda: [SESSION])
    tiled: list[TiledStill] = field(default_factory=list)
    erased: set[str] = field(default_factory=set)
    audience: str = "office"
    withheld: list[Withheld] = field(default_factory=list)

    @property
    def trust(self) -> list[str]:
        """A key of the history, as an office publishes it."""
        return [base64.b64encode(self.chosen.choice(self.case.keys).public_key).decode()]

    @property
    def roots(self) -> list[str]:
        """The authority's root."""
        return [] if self.authority is None else [self.authority.root.pem.decode()]

    def receipts(self) -> list[str]:
        """Some that people kept: lines, codes as they were typed, several in one file."""
        held = self.chosen.sample(self.case.checkpoints, min(3, len(self.case.checkpoints)))
        given = [self.case.receipt(one.size)[self.chosen.randrange(2)] for one in held]
        if given and len(given[0]) == 26:
            given[0] = "-".join((given[0][:5], given[0][5:].lower())) + " \r\n"
        return ["\n\n".join(given)] if self.chosen.random() < 0.3 else given

    def export(self, name: str = "package.zip") -> Path:
        """The package, as it is handed out today."""
        case = self.case
        plan = case.plan(self.audience, self.withheld)
        covered = [text for one in self.tiled for text in one.texts]
        plan = replace(plan, texts=(*plan.texts, *covered))
        return export_file(plan, case.evidence, case.signer, case.root / name, START, "YunTaKan test").path


def honest_day(root: Path, seed: int, authority: Authority | None = None, most_steps: int = 14) -> Day:
    """A day of at most so many steps."""
    chosen = random.Random(seed)
    day = Day(Case(root, chosen=random.Random(seed)), chosen, authority)
    if chosen.random() < 0.1:
        day.case.rotate(chosen.randrange(2, 9))
    day.case.open()
    for _ in range(chosen.randrange(most_steps)):
        do_step(day, chosen.choice(STEPS))
    day.case.checkpoint()
    if chosen.random() < 0.15:
        _erase(day)
    elif chosen.random() < 0.3:
        _hand_out(day)
    return day


def do_step(day: Day, step: str) -> None:
    """One of `STEPS`."""
    day.number += 1
    _STEPS[step](day)


def _record(day: Day) -> None:
    day.case.record(f"track{day.number}", day.chosen.randrange(1, 5), day.number, day.chosen.randrange(1, 500))


def _signed(day: Day) -> None:
    track = f"signed{day.number}"
    pieces, key, facts = signed_journal(SESSION, track, day.chosen)
    ids = {"session_id": SESSION, "track_id": track}
    day.case.add(
        "page_key", {"session_id": SESSION, "participant_id": "p1", "browser": "Chrome 156", "nonce": "0" * 64, **key}
    )
    day.case.keep(f"{SESSION}/journal/{track}.ytj", b"".join(pieces))
    about = {"participant_id": "p1", "role": "applicant", "kind": "video", "codec": "VP8", "clock_rate": 90_000}
    day.case.add("track", {**ids, **about, "journal": f"journal/{track}.ytj"})
    for payload in segment_payloads(SESSION, track, pieces):
        day.case.add("segment", payload)
    for one in facts:
        day.case.add("signatures", {**ids, **one})


def _crash(day: Day) -> None:
    """Some segments were recovered, and a tail was torn off."""
    track, live = f"crashed{day.number}", day.chosen.randrange(4)
    pieces = journal_pieces(SESSION, track, 4, day.number)
    day.case.keep(f"{SESSION}/journal/{track}.ytj", b"".join(pieces) + b"torn"[: day.chosen.randrange(5)])
    for at, payload in enumerate(segment_payloads(SESSION, track, pieces)):
        recovered = {} if at < live else {"note": "not attested live"}
        day.case.add("recovered" if recovered else "segment", {**payload, **recovered})
    day.case.add("torn", {"session_id": SESSION, "track_id": track, "offset": sum(map(len, pieces)), "bytes": 4})


def _still(day: Day) -> None:
    day.case.still(f"still{day.number}", b"\xff\xd8" + day.chosen.randbytes(day.chosen.randrange(3000)))


def _tiled(day: Day) -> None:
    day.tiled.append(put_tiled_still(day.case, f"tiled{day.number}", day.chosen))


def _rectify(day: Day) -> None:
    if day.case.attested().files.get("rectifications/answer1.jpg") is None:
        day.case.rectify(day.chosen.randbytes(day.chosen.randrange(500)))


def _gap(day: Day) -> None:
    spans = [rfc3339_ms(START + timedelta(milliseconds=day.chosen.randrange(10_000))) for _ in range(2)]
    said = {
        "session_id": day.chosen.choice(day.sessions),
        "cause": day.chosen.choice(GAP_CAUSES),
        "packets": day.number,
    }
    day.case.add("gap", {**said, "started_at": min(spans), "ended_at": max(spans)})


def _chat(day: Day) -> None:
    day.case.add("chat", {"session_id": SESSION, "text": day.chosen.choice(TEXTS)}, day.chosen.choice((LI, WANG)))


def _fix(day: Day) -> None:
    point = {"latitude_e7": day.chosen.randrange(-(10**9), 10**9), "longitude_e7": 2**53 - 1, "datum": "WGS84"}
    said = {"position": {**point, "accuracy_cm": 900}, "doubts": [], "source": "gps", "taken_at": rfc3339_ms(START)}
    day.case.add("fix", {"session_id": SESSION, **said}, WANG)


def _device(day: Day) -> None:
    said = {"camera": day.chosen.choice(TEXTS), "muted": True, "paused": False, "torch": False}
    day.case.add("device", {"session_id": SESSION, **said}, WANG)


def _presence(day: Day) -> None:
    who = {"participant_id": "p2", "name": "李明", "role": "inspector", "unit": "示范县局", "badge": "0001"}
    day.case.add(
        "presence", {"session_id": SESSION, **who, "present": True, "inspectors_present": 1, "marked": True}, LI
    )


def _checkpoint(day: Day) -> None:
    day.case.checkpoint()


def _rotate(day: Day) -> None:
    if len(day.case.keys) < 6:
        day.case.checkpoint()
        day.case.rotate(10 + len(day.case.keys))


def _clock(day: Day) -> None:
    step_s = day.chosen.choice((-3600, -5, -1, 1, 60, 86_400))
    day.case.clock_s += step_s
    day.case.add("clock", {"session_id": SESSION, "step_us": step_s * 1_000_000})


def _stamp(day: Day) -> None:
    if day.authority is not None:
        day.case.stamp(day.authority.token, number=day.chosen.randrange(3), is_test=day.chosen.random() < 0.5)


def _stamp_failed(day: Day) -> None:
    size = day.case.checkpoint().size
    day.case.add("timestamp_failed", {"authority": "a", "size": size, "cause": "unreachable"})


def _challenge(day: Day) -> None:
    held, name = day.case.checkpoint(), f"challenge{day.number}"
    said = {"challenge_id": name, "code": challenge_code(held.root_bytes, name), "size": held.size, "root": held.root}
    day.case.add("challenge", {"session_id": SESSION, **said})


def _session(day: Day) -> None:
    day.sessions.append(f"session{day.number + 1}")
    day.case.add("session_created", {"session_id": day.sessions[-1], "nature": "recheck", "number": day.number}, LI)


def _viewing(day: Day) -> None:
    day.case.viewing(day.chosen.randbytes(100))


def _export(day: Day) -> None:
    day.case.add("export", {"package_sha256": "a" * 64}, LI)


def _erase(day: Day) -> None:
    """Some classes are destroyed: what was of them is not there any more."""
    classes = day.chosen.sample(("media", "person", "text"), day.chosen.randrange(1, 4))
    day.case.erase(*classes)
    day.withheld = day.case.withheld_by_erasure(*classes)


def _hand_out(day: Day) -> None:
    """A copy for somebody else, of which some is withheld."""
    day.audience, rule = day.chosen.choice(("applicant", "court")), "redacted"
    attested = day.case.attested()
    for claim in attested.recorded():
        day.withheld += _withheld_of_journal(claim.session_id, claim.track_id, len(claim.in_order()), rule, day.chosen)
    by_id = {one.still_id: one for one in day.tiled}
    for file in attested.files.values():
        if file.still_id is None or day.chosen.random() < 0.5:
            continue
        tiled = by_id.get(file.still_id)
        if tiled is None:
            day.withheld.append(Withheld("still", rule, still=file.still_id))
        else:
            day.withheld += cover(tiled, day.chosen, rule)
    hidden = {(one.seq, one.path) for one in day.withheld}
    for entry in day.case.entries:
        for path in entry.openings:
            if (entry.seq, path) not in hidden and day.chosen.random() < 0.3:
                is_theirs = is_for(day.audience, entry.kind, path) or day.chosen.random() < 0.5
                day.withheld.append(Withheld("opening", rule if is_theirs else "audience", seq=entry.seq, path=path))


def _withheld_of_journal(session: str, track: str, count: int, rule: str, chosen: random.Random) -> Sequence[Withheld]:
    """Nothing, some ranges apart from each other, or all of it."""
    if chosen.random() < 0.5:
        return []
    if chosen.random() < 0.3:
        return [Withheld("track", rule, session=session, track=track)]
    hidden = [place for place in range(count) if chosen.random() < 0.4]
    if not hidden or len(hidden) == count:
        return []
    return [Withheld("journal", rule, session=session, track=track, from_index=at, to_index=at) for at in hidden]


_STEPS: dict[str, Callable[[Day], Any]] = {
    "record": _record, "signed": _signed, "crash": _crash, "still": _still, "tiled": _tiled, "rectify": _rectify,
    "gap": _gap, "chat": _chat, "fix": _fix, "device": _device, "presence": _presence, "checkpoint": _checkpoint,
    "rotate": _rotate, "clock": _clock, "stamp": _stamp, "stamp_failed": _stamp_failed, "challenge": _challenge,
    "session": _session, "viewing": _viewing, "export": _export,
}  # fmt: skip
