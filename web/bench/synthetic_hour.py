"""A made-up hour as a package: video at 30 frames a second and 1.5 Mb/s, sound, stills, all of it signed."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from inspection.domain.actor import SYSTEM
from inspection.domain.checkpoints import Checkpoint, make_checkpoint
from inspection.domain.entry import GENESIS, Entry, EntryDraft, seal
from inspection.domain.instants import rfc3339_ms
from inspection.domain.key_history import first_key
from inspection.domain.merkle import Tree
from inspection.domain.package_openings import package_openings
from inspection.domain.verification_artefacts import Attested
from inspection.services.packages import PackagePlan, package_sources, package_texts
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.package_export import export_file
from inspection.store.signer import FileSigner
from media.frame_signatures import CONTEXT, MAGIC, VERSION
from media.journal.format import RTP, JournalHeader, encode_header, encode_record

START = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
INSPECTION, SESSION, PAGE = "inspection1", "session1", "participant1"
FRAMES_A_SECOND, BYTES_A_FRAME, PACKET_BYTES = 30, 6250, 1150
SOUND_PACKETS_A_SECOND, SOUND_BYTES = 50, 80
STILL_BYTES = 300_000
CHECKPOINT_ENTRIES = 10


@dataclass
class _Track:
    """A track's packets, second by second."""

    track_id: str
    kind: Literal["audio", "video"]
    codec: str
    clock_rate: int
    payload_type: int
    ssrc: int
    sequence: int = 0

    def header(self) -> bytes:
        created_us = int(START.timestamp() * 1e6)
        return encode_header(
            JournalHeader(
                SESSION,
                self.track_id,
                PAGE,
                "applicant",
                self.kind,
                self.codec,
                self.clock_rate,
                self.payload_type,
                self.ssrc,
                created_us,
            )  # fmt: skip
        )

    def record(self, at_us: int, timestamp: int, marker: bool, payload: bytes) -> bytes:
        first = 0x80 if marker else 0
        head = struct.pack(
            "!BBHII", 0x80, first | self.payload_type, self.sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self.ssrc
        )
        self.sequence += 1
        return encode_record(RTP, at_us, head + payload)


@dataclass
class _Page:
    """A page that signs each frame."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    counter: int = 0

    @property
    def public_key(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, frame: bytes, at_ms: int) -> bytes:
        fingerprint = hashlib.sha256(self.public_key).digest()
        covered = struct.pack(
            "!IHIHBB4s", self.counter, at_ms >> 32, at_ms & 0xFFFFFFFF, 1, 0, VERSION, fingerprint[:4]
        )
        self.counter += 1
        raw = self.private.sign(CONTEXT + fingerprint + covered + frame, ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(raw)
        return frame + covered + r.to_bytes(32, "big") + s.to_bytes(32, "big") + MAGIC


class SyntheticHour:
    """Below `root`; `seconds` long. `make` gives the package, and the office's raw public key."""

    def __init__(self, root: Path, seconds: int, stills: int, *, page_signed: bool, seed: int = 1) -> None:
        self._root = root
        self._seconds = seconds
        self._stills = stills
        self._page = _Page() if page_signed else None
        self._noise = random.Random(seed)
        self._signer = FileSigner(bytes([1]) * 32)
        self._entries: list[Entry] = []
        self._checkpoints: list[Checkpoint] = []
        self._tree = Tree()
        self._evidence = EvidenceFiles(root / "evidence", floor_bytes=0)

    def make(self) -> tuple[Path, bytes]:
        self._open()
        video = _Track("video1", "video", "VP8", 90_000, 96, 1001)
        sound = _Track("audio1", "audio", "opus", 48_000, 111, 1002)
        pieces = {"video1": self._video(video), "audio1": self._sound(sound)}
        self._record([video, sound], pieces)
        self._checkpoint()
        key = self._signer.public_key()
        keys = [first_key(key, START, self._signer.sign)]
        attested = Attested()
        for entry in self._entries:
            attested.take(entry)
        texts = package_texts(package_openings(self._entries, lambda seq, path: False), self._checkpoints, keys)
        sources = package_sources(attested)
        plan = PackagePlan(INSPECTION, "YTK-2026-0001", tuple(self._entries), sources, self._checkpoints[-1], texts)
        export_file(plan, self._evidence, self._signer, self._root / "hour.zip", START, "YunTaKan bench")
        return self._root / "hour.zip", key

    def _open(self) -> None:
        premises = {"name": "小王面馆", "address": "东街 8 号"}
        applicant = {"name": "王芳", "id_kind": "uscc", "id_masked": "9133****01", "phone_masked": "138****0000"}
        opened = {"number": "YTK-2026-0001", "item": "food_business", "item_name": "食品经营许可"}
        self._add("opened", {**opened, "premises": premises, "applicant": applicant})
        self._add("session_created", {"session_id": SESSION, "nature": "verification", "number": 1})
        if self._page is not None:
            key = self._page.public_key
            about = {"session_id": SESSION, "participant_id": PAGE, "algorithm": "ES256", "nonce": "0" * 64}
            encoded = base64.b64encode(key).decode("ascii")
            fingerprint = hashlib.sha256(key).hexdigest()
            self._add("page_key", {**about, "public_key": encoded, "fingerprint": fingerprint, "browser": "bench"})

    def _video(self, track: _Track) -> Iterator[bytes]:
        start_us = int(START.timestamp() * 1e6)
        for second in range(self._seconds):
            records = [track.header()] if second == 0 else []
            for number in range(second * FRAMES_A_SECOND, (second + 1) * FRAMES_A_SECOND):
                at_us = start_us + number * 1_000_000 // FRAMES_A_SECOND
                frame = b"\x31" + self._noise.randbytes(BYTES_A_FRAME)
                signed = frame if self._page is None else self._page.sign(frame, at_us // 1000)
                for at in range(0, len(signed), PACKET_BYTES):
                    part = signed[at : at + PACKET_BYTES]
                    head = b"\x10" if at == 0 else b"\x00"
                    is_last = at + PACKET_BYTES >= len(signed)
                    records.append(track.record(at_us, number * 3000, is_last, head + part))
            yield b"".join(records)

    def _sound(self, track: _Track) -> Iterator[bytes]:
        start_us = int(START.timestamp() * 1e6)
        for second in range(self._seconds):
            records = [track.header()] if second == 0 else []
            for number in range(second * SOUND_PACKETS_A_SECOND, (second + 1) * SOUND_PACKETS_A_SECOND):
                at_us = start_us + number * 1_000_000 // SOUND_PACKETS_A_SECOND
                records.append(track.record(at_us, number * 960, True, self._noise.randbytes(SOUND_BYTES)))
            yield b"".join(records)

    def _record(self, tracks: list[_Track], pieces: dict[str, Iterator[bytes]]) -> None:
        running = {track.track_id: hashlib.sha256() for track in tracks}
        offsets = dict.fromkeys(running, 0)
        files = {track.track_id: self._file(f"{SESSION}/journal/{track.track_id}.ytj").open("wb") for track in tracks}
        for track in tracks:
            about = {"session_id": SESSION, "track_id": track.track_id, "participant_id": PAGE, "role": "applicant"}
            what = {"kind": track.kind, "codec": track.codec, "clock_rate": track.clock_rate}
            self._add("track", {**about, **what, "journal": f"journal/{track.track_id}.ytj"})
        for second in range(self._seconds):
            for track in tracks:
                piece = next(pieces[track.track_id])
                files[track.track_id].write(piece)
                running[track.track_id].update(piece)
                self._segment(track, second, offsets[track.track_id], piece, running[track.track_id].hexdigest())
                offsets[track.track_id] += len(piece)
            if self._page is not None and second % 10 == 9:
                self._signatures(second)
            self._still_of(second)
        for file in files.values():
            file.close()

    def _segment(self, track: _Track, second: int, offset: int, piece: bytes, running: str) -> None:
        start = START + timedelta(seconds=second)
        ids = {"session_id": SESSION, "track_id": track.track_id, "index": second, "offset": offset}
        digests = {"length": len(piece), "sha256": hashlib.sha256(piece).hexdigest(), "running_sha256": running}
        times = {"started_at": rfc3339_ms(start), "ended_at": rfc3339_ms(start + timedelta(seconds=1))}
        counts = {"first_rtp": 0, "last_rtp": 0, "packets": 0, "frames": 0, "lost": 0}
        self._add("segment", {**ids, **digests, **times, **counts})

    def _signatures(self, second: int) -> None:
        first, count = (second - 9) * FRAMES_A_SECOND, 10 * FRAMES_A_SECOND
        ids = {"session_id": SESSION, "track_id": "video1", "from_index": first, "to_index": first + count - 1}
        self._add(
            "signatures",
            {**ids, "frames": count, "signed": count, "broken": 0, "missing_counters": 0, "clock_jumps": 0},
        )

    def _still_of(self, second: int) -> None:
        for number in range(second * self._stills // self._seconds, (second + 1) * self._stills // self._seconds):
            still_id, content = f"still{number}", self._noise.randbytes(STILL_BYTES)
            file = f"{SESSION}/stills/{still_id}.jpg"
            self._file(file).write_bytes(content)
            ids = {"still_id": still_id, "session_id": SESSION, "track_id": "video1", "reason": "manual", "file": file}
            jpeg = {"jpeg_sha256": hashlib.sha256(content).hexdigest(), "jpeg_bytes": len(content)}
            frame = {"width": 1280, "height": 720, "frame_index": second * FRAMES_A_SECOND, "rtp_timestamp": 0}
            digests = {"encoded_sha256": "a" * 64, "i420_sha256": "b" * 64, "stamp": ["踏勘"], "lookup": "ABCD-1234"}
            at = rfc3339_ms(START + timedelta(seconds=second))
            self._add("still", {**ids, **jpeg, **frame, **digests, "arrival_at": at})

    def _add(self, kind: str, payload: dict[str, Any]) -> None:
        prev = self._entries[-1].hash if self._entries else GENESIS
        seq = len(self._entries) + 1
        at = START + timedelta(milliseconds=seq)
        draft = EntryDraft(kind, SYSTEM, None, payload)
        entry = seal(draft, INSPECTION, seq, prev, at, self._signer.sign, self._noise.randbytes)
        self._entries.append(entry)
        self._tree.append(bytes.fromhex(entry.hash))
        if seq % CHECKPOINT_ENTRIES == 0 or kind == "segment" and seq % 2:
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Also after each second, as while a session is live."""
        size = self._tree.size
        if not self._checkpoints or self._checkpoints[-1].size < size:
            at = START + timedelta(milliseconds=size)
            key = self._signer.public_key()
            made = make_checkpoint(INSPECTION, size, self._tree.root(), at, key, self._signer.sign)
            self._checkpoints.append(made)

    def _file(self, file: str) -> Path:
        path = self._evidence.path(INSPECTION, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def json_line(values: dict[str, Any]) -> str:
    """A line for people and for scripts."""
    return json.dumps(values, ensure_ascii=False)


def crc32_of(path: Path) -> int:
    """Reads the file once, as a measure of the disk."""
    found = 0
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            found = zlib.crc32(chunk, found)
    return found
