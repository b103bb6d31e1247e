"""Power cuts at random moments of a recording, and what the next start makes of them.

`python -m tests.media.journal.power_cut --count 50 --seed 1 [--json]`: real journals, ledger, recovery, check and
package; only the disk below the journals is ours. Exit status 1 where anything attested is lost, a journal does not
read, more than a second is gone, or something that was cut is not named.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from inspection.domain.inspections import Inspection
from inspection.services import sessions
from inspection.services.check import CheckReport, check
from inspection.services.media_ledger import MediaLedger, MediaLedgerConfig
from inspection.services.packages import plan_package
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.package_export import export_file
from inspection.store.package_files import verify_file
from inspection.store.signer import verify_ed25519
from media.events import SegmentClosed, TrackStarted
from media.journal import JournalHeader, read_journal
from media.journal.file import JournalFile
from media.journal.writer import Inbox
from signaling.bridge import draft_of
from signaling.recovery import JournalRecovery
from tests.inspection.services.office import House, open_house
from tests.media.clips import START_US, header_of
from tests.media.journal.disks import Told
from tests.media.journal.fickle_disk import FickleDisk, PowerCut

LONGEST_S = 8.0
LOOK_S = 0.08
#: How late the writer thread may be, and how long a sync may take.
LATE_S, SYNC_S = 0.02, 0.02
SECOND_US = 1_000_000


@dataclass
class Track:
    """A sender of packets at a steady pace, and its journal."""

    header: JournalHeader
    file: JournalFile
    inbox: Inbox
    every_us: int
    packet_bytes: int
    sent: int = 0

    def send_until(self, now_us: int) -> None:
        while (at_us := START_US + self.sent * self.every_us) <= now_us:
            head = bytes((0x80, 0x80 | 96)) + (self.sent & 0xFFFF).to_bytes(2, "big")
            packet = head + (self.sent * 3000 & 0xFFFFFFFF).to_bytes(4, "big") + self.header.ssrc.to_bytes(4, "big")
            self.inbox.add(1, at_us, packet.ljust(self.packet_bytes, b"\x5a"))
            self.sent += 1


@dataclass
class Outcome:
    """One cut. `lost_ms`: of the worst track. `problems`: empty where everything held."""

    seed: int
    cut_at_s: float
    lost_ms: float = 0.0
    attested: int = 0
    recovered: int = 0
    torn_bytes: int = 0
    problems: list[str] = field(default_factory=list)


class Recording:
    """Journals of one session on a disk whose power is cut at a given moment."""

    def __init__(self, folder: Path, session_id: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.disk = FickleDisk(self.chance)
        self.told = Told()
        self.cut_s = self.chance.uniform(0.05, LONGEST_S)
        self.now_s = 0.0
        kinds = [("video", 4_000, 1100), ("audio", 20_000, 160), ("audio", 20_000, 120)]
        self.tracks = [self._track(folder, session_id, seed, *about, number) for number, about in enumerate(kinds)]

    def run(self) -> None:
        """Until the power is cut, within whatever the disk is doing then."""
        try:
            while not self.disk.is_failing:
                for track in self.tracks:
                    self._pass_time(0.0)
                    track.file.write(self.now_s)
                for track in self.tracks:
                    if track.file.sync_is_due(self.now_s):
                        self._pass_time(self.chance.uniform(0, SYNC_S))
                        track.file.sync(self.now_s)
                self._pass_time(LOOK_S + self.chance.uniform(0, LATE_S))
        except PowerCut:
            pass
        self.disk.leave_behind()

    def started(self) -> list[TrackStarted]:
        return [
            TrackStarted(
                head.session_id, head.track_id, head.participant_id, head.role, head.kind, head.codec, head.clock_rate,
                head.ssrc, f"journal/{head.track_id}.ytj", head.created_us,
            )
            for head in (track.header for track in self.tracks)
        ]  # fmt: skip

    def _pass_time(self, seconds: float) -> None:
        self.now_s = min(self.now_s + seconds, self.cut_s)
        self.disk.is_failing = self.now_s >= self.cut_s
        for track in self.tracks:
            track.send_until(START_US + int(self.now_s * SECOND_US))

    def _track(
        self, folder: Path, session_id: str, seed: int, kind: str, every_us: int, packet_bytes: int, number: int
    ) -> Track:
        header = header_of(f"track{seed}x{number}", kind, session_id=session_id, ssrc=1000 + number)
        inbox = Inbox(10**7)
        path = folder / "journal" / f"{header.track_id}.ytj"
        file = JournalFile(path, header, inbox, self.told, self.disk, lambda call: call(), 0)
        return Track(header, file, inbox, every_us, packet_bytes)


class Bench:
    """An office that is cut off again and again."""

    def __init__(self, data: Path) -> None:
        self.house: House = open_house(data)
        self.evidence = data / "evidence"
        quick = MediaLedgerConfig(group_s=0.0, first_retry_s=0.0)
        self.ledger = MediaLedger(self.house.office.uow, self.house.clock, self._publish, quick)
        self.ledger.start()
        self.recovery = JournalRecovery(self.house.office, self.ledger, self.evidence)

    async def aclose(self) -> None:
        await self.ledger.aclose()
        await self.house.aclose()

    async def round(self, seed: int) -> Outcome:
        inspection, session_id = await self._go_live(seed)
        folder = self.evidence / inspection.id / session_id
        recording = Recording(folder, session_id, seed)
        recording.run()
        outcome = Outcome(seed, recording.cut_s, attested=len(recording.told.segments))
        known = self._on_record(recording)
        for event in [*recording.started(), *known]:
            draft = draft_of(event)
            assert draft is not None
            self.ledger.offer(inspection.id, draft)
        before = {path.stem: path.stat().st_size for path in folder.glob("journal/*.ytj")}
        await self.recovery.recover_session(inspection.id, session_id)
        await self._judge(outcome, recording, inspection, folder, before)
        return outcome

    async def _go_live(self, seed: int) -> tuple[Inspection, str]:
        house = self.house
        inspector = (await house.staff(f"inspector{seed}")).as_actor()
        inspection = await house.opened(inspector, phone=f"138{seed % 10**8:08d}")
        created = await house.invited(inspector, inspection)
        applicant = (await house.redeemed(created)).actor
        for actor in (inspector, applicant):
            await sessions.join(house.office, actor, created.session.id)
        return inspection, created.session.id

    def _on_record(self, recording: Recording) -> list[SegmentClosed]:
        """The database's machine went off too: the newest facts may not have been committed."""
        told = recording.told.segments
        return told[: len(told) - recording.chance.choice([0, 0, 1, 2, 5])] if told else []

    async def _judge(
        self, outcome: Outcome, recording: Recording, inspection: Inspection, folder: Path, before: dict[str, int]
    ) -> None:
        await self.ledger.settled()
        for track in recording.tracks:
            self._judge_track(outcome, recording, track, folder / "journal" / f"{track.header.track_id}.ytj")
        await sessions.abandon(self.house.office, recording.tracks[0].header.session_id)
        report = await self._check(inspection)
        outcome.problems += [f"{one.code} {one.where}" for one in report.mismatches]
        await self._judge_names(outcome, inspection, folder, before, report)
        await self._judge_package(outcome, inspection)

    def _judge_track(self, outcome: Outcome, recording: Recording, track: Track, path: Path) -> None:
        attested = [one for one in recording.told.segments if one.track_id == track.header.track_id]
        reach = max((one.offset + one.length for one in attested), default=0)
        if reach and (not path.exists() or path.stat().st_size < reach):
            outcome.problems.append(f"{path.stem}: attested bytes are gone")
        last_us = START_US
        if path.exists() and (path.stat().st_size > 0 and reach):
            last_us = max((record.arrival_us for record in read_journal(path)), default=START_US)
        lost_ms = (START_US + recording.cut_s * SECOND_US - last_us) / 1000
        outcome.lost_ms = max(outcome.lost_ms, lost_ms)
        if lost_ms > 1000:
            outcome.problems.append(f"{path.stem}: {lost_ms:.0f} ms are lost")

    async def _judge_names(
        self, outcome: Outcome, inspection: Inspection, folder: Path, before: dict[str, int], report: CheckReport
    ) -> None:
        """Every byte that is not in a whole record is named by the ledger, and so by `check`."""
        async with self.house.office.reading() as uow:
            entries = await uow.entries.list(inspection.id, 0, 1000)
        outcome.recovered = sum(entry.kind == "recovered" for entry in entries)
        torn = [entry.payload for entry in entries if entry.kind == "torn"]
        outcome.torn_bytes = sum(said["bytes"] for said in torn)
        for stem, size_bytes in before.items():
            path = folder / "journal" / f"{stem}.ytj"
            named = sum(said["bytes"] for said in torn if said["track_id"] == stem and not said.get("kept"))
            if size_bytes - named != (path.stat().st_size if path.exists() else 0):
                outcome.problems.append(f"{stem}: something was cut without a name")
        if len(report.torn) != len(torn):
            outcome.problems.append("check does not name what was cut")

    async def _check(self, inspection: Inspection) -> CheckReport:
        office = self.house.office
        evidence = EvidenceFiles(self.evidence, floor_bytes=0)
        return await check(office.reading, evidence, office.signer.public_key(), verify_ed25519, inspection.id)

    async def _judge_package(self, outcome: Outcome, inspection: Inspection) -> None:
        office = self.house.office
        plan = await plan_package(office, inspection.id)
        out = self.house.data / f"{inspection.id}.zip"
        evidence = EvidenceFiles(self.evidence, floor_bytes=0)
        export_file(plan, evidence, office.signer, out, self.house.clock.now(), "power cut")
        verdict = verify_file(out)
        out.unlink()
        if verdict.exit_status != 0:
            outcome.problems.append(f"the package is {verdict.state.value}: {verdict.first_problem}")

    async def _publish(self, entries: object) -> None:
        """Nobody listens."""


async def cut_often(count: int, seed: int, folder: Path) -> list[Outcome]:
    """`count` cuts, with the seeds from `seed` on."""
    bench = Bench(folder)
    try:
        return [await bench.round(seed + number) for number in range(count)]
    finally:
        await bench.aclose()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.media.journal.power_cut", description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        outcomes = asyncio.run(cut_often(args.count, args.seed, Path(folder)))
    failed = [outcome for outcome in outcomes if outcome.problems]
    if args.json:
        print(json.dumps({"results": [asdict(outcome) for outcome in outcomes], "failed": len(failed)}))
    else:
        for outcome in outcomes:
            print(
                f"seed {outcome.seed}: cut at {outcome.cut_at_s:.2f} s, lost {outcome.lost_ms:.0f} ms, "
                f"{outcome.attested} attested, {outcome.recovered} recovered, {outcome.torn_bytes} bytes torn "
                + ("; ".join(outcome.problems) or "ok")
            )
        worst_ms = max(outcome.lost_ms for outcome in outcomes)
        print(f"{len(outcomes)} power cuts, {len(failed)} failed, at most {worst_ms:.0f} ms lost")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
