"""Makes small real packages: a signed ledger, journals in the true format, stills and pictures on disk."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inspection.domain.actor import SYSTEM, Actor, Level, Role
from inspection.domain.checkpoints import Checkpoint, make_checkpoint
from inspection.domain.commitments import pointer
from inspection.domain.entry import GENESIS, Entry, EntryDraft, seal
from inspection.domain.instants import parse_rfc3339, rfc3339_ms
from inspection.domain.key_history import KeyLine, first_key, next_key
from inspection.domain.merkle import root_of
from inspection.domain.package_openings import package_openings
from inspection.domain.package_withheld import Withheld, hidden_openings
from inspection.domain.receipts import code_of
from inspection.domain.verification import Code
from inspection.domain.verification_artefacts import Attested, FileClaim
from inspection.domain.verification_journal import MAGIC
from inspection.services.packages import PackagePlan, PackageText, package_sources, package_texts
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.package_export import export_file
from inspection.store.signer import FileSigner

START = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
TOKEN = Code.TIMESTAMP_DIGEST
INSPECTION, SESSION, TRACK = "inspection1", "session1", "track1"
LI = Actor(Role.INSPECTOR, "user1", "李明", Level.ACCOUNT)
WANG = Actor(Role.APPLICANT, "applicant1", "王芳", Level.PHONE)


def signer_of(seed: int = 1) -> FileSigner:
    """A key that is the same in each run."""
    return FileSigner(bytes([seed]) * 32)


def journal_pieces(session_id: str, track_id: str, segments: int, seed: int = 7, packet_bytes: int = 40) -> list[bytes]:
    """The ranges of a journal, the first with the file's header, three packets each."""
    noise = random.Random(seed)
    header = json.dumps({"format_version": 1, "session_id": session_id, "track_id": track_id}).encode()
    head = MAGIC + struct.pack(">I", len(header)) + header + struct.pack(">I", zlib.crc32(header))
    pieces = []
    for index in range(segments):
        records = b"".join(journal_record(noise.randbytes(packet_bytes), index * 3 + n) for n in range(3))
        pieces.append((head if index == 0 else b"") + records)
    return pieces


def journal_record(payload: bytes, number: int) -> bytes:
    """One record of type 1."""
    covered = struct.pack(">BQ", 1, 1_777_000_000_000_000 + number * 33_333) + payload
    return struct.pack(">I", len(payload)) + covered + struct.pack(">I", zlib.crc32(covered))


Stamper = Callable[[bytes], bytes]
"""A time-stamping authority: the bytes of a checkpoint's line → the DER of a token over them."""


@dataclass
class Case:
    """An inspection under construction below `root`. The same calls give the same bytes.

    `clock_s` is added to the server's time: change it for a clock that is set.
    """

    root: Path
    signer: FileSigner = field(default_factory=signer_of)
    inspection_id: str = INSPECTION
    entries: list[Entry] = field(default_factory=list)
    keys: list[KeyLine] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    certificates: dict[str, bytes] = field(default_factory=dict)
    clock_s: float = 0
    chosen: random.Random = field(default_factory=lambda: random.Random(20260506))

    def __post_init__(self) -> None:
        if not self.keys:
            self.keys.append(first_key(self.signer.public_key(), START, self.signer.sign))

    @property
    def evidence(self) -> EvidenceFiles:
        return EvidenceFiles(self.root / "evidence", floor_bytes=0)

    @property
    def now(self) -> datetime:
        """A second for each entry."""
        return START + timedelta(seconds=len(self.entries) + 1 + self.clock_s)

    def add(self, kind: str, payload: dict[str, Any], actor: Actor = SYSTEM, subject: str | None = None) -> Entry:
        """Appends an entry, a second after the one before."""
        prev = self.entries[-1].hash if self.entries else GENESIS
        seq = len(self.entries) + 1
        draft = EntryDraft(kind, actor, subject, payload)
        entry = seal(draft, self.inspection_id, seq, prev, self.now, self.signer.sign, self.chosen.randbytes)
        self.entries.append(entry)
        return entry

    def take_back(self) -> None:
        """The last entry was never there, nor a head over it."""
        self.entries.pop()
        self.checkpoints = [one for one in self.checkpoints if one.size <= len(self.entries)]

    def checkpoint(self) -> Checkpoint:
        """The signed head of what is there; the last one where it is of just that."""
        if self.checkpoints and self.checkpoints[-1].size == len(self.entries):
            return self.checkpoints[-1]
        at = max(self.now, *(parse_rfc3339(one.at) for one in self.checkpoints[-1:]), START)
        root = root_of(bytes.fromhex(entry.hash) for entry in self.entries)
        made = make_checkpoint(
            self.inspection_id, len(self.entries), root, at, self.signer.public_key(), self.signer.sign
        )
        self.checkpoints.append(made)
        return made

    def rotate(self, seed: int) -> None:
        """Another key takes over, and says so in the first entry that it signs."""
        before, self.signer = self.signer, signer_of(seed)
        line = next_key(self.keys[-1], self.signer.public_key(), self.now, self.signer.sign, before.sign)
        self.keys.append(line)
        self.add("key_changed", {"key_id": line.key_id, "n": line.n})

    def stamp(self, stamper: Stamper, authority: str = "test", number: int = 1, is_test: bool = True) -> Entry:
        """A token over the newest checkpoint, on disk and as an entry."""
        head = self.checkpoint()
        token = stamper(head.to_line())
        file = f"timestamps/{head.size}-{number}.tst"
        self.keep(file, token)
        said = {"authority": authority, "size": head.size, "root": head.root, "file": file, "is_test": is_test}
        return self.add(
            "timestamp", {**said, "token_sha256": hashlib.sha256(token).hexdigest(), "gen_time": rfc3339_ms(self.now)}
        )

    def receipt(self, size: int | None = None) -> tuple[str, str]:
        """The line and the code of a checkpoint; without `size` of the newest."""
        held = self.checkpoints[-1] if size is None else next(one for one in self.checkpoints if one.size == size)
        return held.to_line().decode("utf-8"), code_of(held)

    def erase(self, *classes: str) -> None:
        """The entry that says so; `withheld_by_erasure` is what the next export leaves out."""
        self.add("erased", {"classes": list(classes), "rule": "expiry", "legal_basis": "test", "keys_destroyed": 1,
                            "not_reached": []})  # fmt: skip

    def withheld_by_erasure(self, *classes: str) -> list[Withheld]:
        """Everything of those classes, as a manifest lists it."""
        attested = self.attested()
        found: list[Withheld] = []
        if "media" in classes:
            found += [
                Withheld("track", "erased", session=claim.session_id, track=claim.track_id)
                for claim in attested.recorded()
            ]
            found += [withheld_file(claim) for claim in attested.files.values() if claim.code is not TOKEN]
        for entry in self.entries:
            for place in entry.personal_places():
                if str(place.retention) in classes:
                    found.append(Withheld("opening", "erased", seq=entry.seq, path=pointer(place.path)))
        return found

    def keep(self, file: str, content: bytes) -> Path:
        """Puts a file into the evidence folder."""
        path = self.evidence.path(self.inspection_id, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def open(self) -> None:
        """The entries up to a live session."""
        premises = {"name": "小王面馆", "address": "示范县东街 8 号", "position": None, "fence": None}
        applicant = {"name": "王芳", "id_kind": "uscc", "id_masked": "9133**********01", "phone_masked": "138****0000"}
        opened = {"number": "YTK-2026-0001", "item": "food_business", "item_name": "食品经营许可"}
        self.add("opened", {**opened, "premises": premises, "applicant": applicant}, LI)
        self.add("session_created", {"session_id": SESSION, "nature": "guidance", "number": 1}, LI)
        self.add("session_started", {"session_id": SESSION})

    def record(self, track_id: str = TRACK, segments: int = 2, seed: int = 7, packet_bytes: int = 40) -> list[bytes]:
        """A journal on disk, a `track` entry and its segments."""
        pieces = journal_pieces(SESSION, track_id, segments, seed, packet_bytes)
        self.keep(f"{SESSION}/journal/{track_id}.ytj", b"".join(pieces))
        track = {"participant_id": "p1", "role": "applicant", "kind": "video", "codec": "VP8", "clock_rate": 90_000}
        ids = {"session_id": SESSION, "track_id": track_id}
        self.add("track", {**ids, **track, "journal": f"journal/{track_id}.ytj"})
        for payload in segment_payloads(SESSION, track_id, pieces):
            self.add("segment", payload)
        return pieces

    def still(self, still_id: str = "still1", content: bytes = b"\xff\xd8 not a real picture \xff\xd9") -> None:
        """A still on disk and its entry."""
        file = f"{SESSION}/stills/{still_id}.jpg"
        self.keep(file, content)
        self.add("still", still_payload(still_id, file, content), LI)

    def rectify(self, content: bytes = b"\xff\xd8 a rectification \xff\xd9") -> None:
        """A finding and its answer with a picture."""
        finding = {"finding_id": "finding1", "text": "缺少防蝇设施", "severity": "minor", "clause": "§33"}
        self.add("finding", {**finding, "due_date": "2026-06-01"}, LI)
        file = "rectifications/answer1.jpg"
        self.keep(file, content)
        digest = hashlib.sha256(content).hexdigest()
        answer = {"finding_id": "finding1", "rectification_id": "answer1", "text": "已装", "file": file}
        self.add("rectification", {**answer, "sha256": digest}, WANG)

    def viewing(self, content: bytes = b"webm") -> None:
        """A viewing copy."""
        self.keep(f"{SESSION}/derived/replay.webm", content)

    def attested(self) -> Attested:
        """What the entries say."""
        attested = Attested()
        for entry in self.entries:
            attested.take(entry)
        return attested

    def plan(self, audience: str = "office", withheld: Sequence[Withheld] = ()) -> PackagePlan:
        """As the service makes it from the database."""
        head = self.checkpoint()
        return PackagePlan(
            self.inspection_id,
            "YTK-2026-0001",
            tuple(self.entries),
            package_sources(self.attested(), withheld, audience),
            head,
            self._texts(tuple(withheld)),
            audience,
            tuple(withheld),
        )

    def export(self, name: str = "package.zip", audience: str = "office", withheld: Sequence[Withheld] = ()) -> Path:
        """The package."""
        plan = self.plan(audience, withheld)
        return export_file(plan, self.evidence, self.signer, self.root / name, START, "YunTaKan test").path

    def _texts(self, withheld: tuple[Withheld, ...]) -> tuple[PackageText, ...]:
        opened = package_openings(self.entries, hidden_openings(withheld))
        return package_texts(
            opened,
            self.checkpoints,
            self.keys,
            [(f"certificates/{name}", pem) for name, pem in self.certificates.items()],
        )


def withheld_file(claim: FileClaim) -> Withheld:
    """A still or a picture that was erased."""
    if claim.still_id is not None:
        return Withheld("still", "erased", still=claim.still_id)
    return Withheld("file", "erased", name=claim.member)


def segment_payloads(session_id: str, track_id: str, pieces: list[bytes]) -> list[dict[str, Any]]:
    """What the recorder says about the ranges of a journal."""
    running, offset, payloads = hashlib.sha256(), 0, []
    for index, piece in enumerate(pieces):
        running.update(piece)
        payloads.append(
            {
                "session_id": session_id,
                "track_id": track_id,
                "index": index,
                "offset": offset,
                "length": len(piece),
                "sha256": hashlib.sha256(piece).hexdigest(),
                "running_sha256": running.copy().hexdigest(),
                "started_at": rfc3339_ms(START + timedelta(seconds=index)),
                "ended_at": rfc3339_ms(START + timedelta(seconds=index + 1)),
                "first_rtp": index * 90_000,
                "last_rtp": index * 90_000 + 89_999,
                "packets": 3,
                "frames": 1,
                "lost": 0,
            }
        )
        offset += len(piece)
    return payloads


def still_payload(still_id: str, file: str, content: bytes) -> dict[str, Any]:
    """The payload of a still's entry."""
    return {
        "still_id": still_id,
        "session_id": SESSION,
        "track_id": TRACK,
        "reason": "manual",
        "item_id": None,
        "file": file,
        "jpeg_sha256": hashlib.sha256(content).hexdigest(),
        "jpeg_bytes": len(content),
        "width": 640,
        "height": 480,
        "frame_index": 5,
        "rtp_timestamp": 15_000,
        "arrival_at": rfc3339_ms(START),
        "encoded_sha256": "a" * 64,
        "i420_sha256": "b" * 64,
        "stamp": ["预踏勘 YTK-2026-0001", "帧 5"],
        "lookup": "ABCD-1234",
        "containment": "UNCERTAIN",
    }


def small_case(root: Path, signer: FileSigner | None = None) -> Case:
    """One of each artefact."""
    case = Case(root, signer or signer_of())
    case.open()
    case.record()
    case.still()
    case.rectify()
    case.viewing()
    case.add("chat", {"session_id": SESSION, "text": "请把镜头对准招牌"}, LI)
    return case
