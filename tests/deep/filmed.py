"""An inspection with real recordings and real stills, made without a call: what deep verification is tried on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from inspection.domain.instants import from_unix_us, rfc3339_ms
from inspection.store.content_credentials import StillCopier
from inspection.store.office_certificate import OfficeCertificate, load_or_create_certificate
from inspection.store.package_export import export_file
from media.errors import MediaError
from media.events import SegmentClosed
from media.fonts import StampFont
from media.journal.reader import read_header
from media.journal.recovery import scan
from media.stamp import StampText
from media.stills_decode import Picture
from media.stills_port import PictureFacts
from media.stills_render import render_still
from media.stills_track import find_picture
from tests.inspection.proof.builder import LI, SESSION, START, Case
from tests.media.clips import Packets, header_of, write_journal

STAMP = StampText(("YTK-2026-0001 第1次 预踏勘", "操作人：李明", "帧号：{frame} 查询号：AB12-CD34（不是凭证）"))
CHANGED = Callable[[dict[str, Any]], object]


@dataclass
class FilmedCase:
    """`case` holds the ledger; `seeds` the seeds of the stills' tiles by still id."""

    root: Path
    font: StampFont
    case: Case = field(init=False)
    seeds: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.case = Case(self.root)
        self.case.open()

    def track(self, track_id: str, packets: Packets, codec: str = "VP8", kind: str = "video") -> Path:
        """A journal as the recorder leaves it, with its `track` and `segment` entries."""
        path = self.case.evidence.path(self.case.inspection_id, f"{SESSION}/journal/{track_id}.ytj")
        write_journal(path, header_of(track_id, kind, session_id=SESSION, codec=codec), packets)
        header = read_header(path)
        keys = ("participant_id", "role", "kind", "codec", "clock_rate")
        about = {key: getattr(header, key) for key in keys}
        ids = {"session_id": SESSION, "track_id": track_id}
        self.case.add("track", {**ids, **about, "journal": f"journal/{track_id}.ytj"})
        for segment in scan(path).segments:
            self.case.add("segment", segment_payload(segment))
        return path

    def still(self, still_id: str, journal: Path, at_us: int | None, change: CHANGED | None = None) -> bool:
        """Made as the stills process does; False where there is no picture at that moment."""
        try:
            picture = find_picture(journal, at_us)
        except MediaError:
            picture = None
        if picture is None:
            return False
        self.still_of(still_id, journal, picture, change)
        return True

    def still_of(self, still_id: str, journal: Path, picture: Picture, change: CHANGED | None = None) -> None:
        """Of a picture that was decoded already."""
        file = f"{SESSION}/stills/{still_id}.jpg"
        out = self.case.evidence.path(self.case.inspection_id, file)
        seed = sha256(still_id.encode()).digest()
        facts = PictureFacts(8 * 3600, None, seed.hex())
        made = render_still(picture, read_header(journal).track_id, STAMP, facts, self.font, out)
        payload = {
            "still_id": still_id,
            "session_id": SESSION,
            "reason": "manual",
            "file": file,
            "arrival_at": rfc3339_ms(from_unix_us(made.arrival_us)),
            "stamp": list(STAMP.with_frame(made.frame_index).lines),
            "lookup": "AB12-CD34",
            "tiles_seed": seed.hex(),
        }
        same = ("track_id", "width", "height", "frame_index", "rtp_timestamp", "encoded_sha256", "i420_sha256",
                "jpeg_sha256", "jpeg_bytes", "tiles_root")  # fmt: skip
        payload |= {key: getattr(made, key) for key in same}
        if change is not None:
            change(payload)
        self.seeds[still_id] = seed
        self.case.add("still", payload, LI)

    def end(self) -> None:
        """The session is over, and the ledger goes on long enough that nothing can be missing from it."""
        self.case.add("session_ended", {"session_id": SESSION, "cause": "completed"})
        self.case.clock_s += 3600
        self.case.add("view", {"what": "ledger"}, LI)

    @property
    def certificate(self) -> OfficeCertificate:
        return load_or_create_certificate(
            self.root / "keys" / "c2pa.pem", "示范县行政审批局", START - timedelta(days=1)
        )

    def export(self, name: str = "package.zip", withheld: Sequence[Any] = (), audience: str = "office") -> Path:
        """With signed copies of the stills, and the root that they are under."""
        self.case.certificates["pictures-root.pem"] = self.certificate.root_pem
        plan = self.case.plan(audience, withheld)
        copier = StillCopier(self.certificate, "yuntakan test", plan.entries)
        out = self.root / name
        return export_file(plan, self.case.evidence, self.case.signer, out, START, "test", copy_still=copier).path


def segment_payload(segment: SegmentClosed) -> dict[str, Any]:
    same = ("session_id", "track_id", "index", "offset", "length", "sha256", "running_sha256", "first_rtp", "last_rtp",
            "packets", "frames", "lost")  # fmt: skip
    times = {f"{name}_at": rfc3339_ms(from_unix_us(getattr(segment, f"{name}_us"))) for name in ("started", "ended")}
    return {**{key: getattr(segment, key) for key in same}, **times}
