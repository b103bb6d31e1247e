"""Writes packages. It blocks while the disk works: call it off the event loop."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inspection.domain.errors import InspectionError, Kind
from inspection.domain.instants import rfc3339_ms
from inspection.domain.package_manifest import LEDGER, MANIFEST, README, SIGNATURE, Manifest, Member, sign_manifest
from inspection.domain.package_readme import readme_bytes
from inspection.services.packages import PackagePlan, PackageSource
from inspection.services.ports import Signer
from inspection.store.evidence_files import EvidenceFiles, storage_error
from inspection.store.package_partial import Beginning, ResumingWriter, open_partial, partial_key, settle
from inspection.store.package_progress import ByteCount, Progress
from inspection.store.package_zip_writer import LengthChanged, PlainZipWriter

CopyStill = Callable[[str, bytes], tuple[str, bytes] | None]
"""`(member, its content)` → name and content of a copy that goes into the package too, or None."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The finished package; `kept_members` were there from an export that was interrupted."""

    path: Path
    size_bytes: int
    sha256: str
    beginning: Beginning = Beginning.NEW
    kept_members: int = 0


def export_file(
    plan: PackagePlan,
    evidence: EvidenceFiles,
    signer: Signer,
    out: Path,
    at: datetime,
    product: str,
    progress: Progress = lambda done, whole: None,
    copy_still: CopyStill | None = None,
) -> Exported:
    """Writes the package and puts it in its place once it is durable; an earlier `out` stays until then.

    What an interrupted export of the same state had written is kept (`package_partial`), and `Exported` says so.
    `copy_still` is asked for each still that is there whole (`inspection.store.content_credentials`).
    Raises `unavailable`: `evidence_missing` (the message names the member), `storage_full`, `storage_busy`, `busy`.
    """
    sources = _sizes(plan, evidence)
    key = partial_key(plan.head.to_line(), product.encode(), plan.audience.encode(), repr(plan.withheld).encode())
    try:
        with open_partial(out, key, rfc3339_ms(at)) as (stream, writer):
            _write(plan, evidence, sources, signer, writer, product, progress, copy_still)
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size_bytes = stream.seek(0, 2)
            settle(out)
    except OSError as error:
        raise storage_error(error, "package") from error
    return Exported(out, size_bytes, digest, writer.beginning, writer.kept_members)


def _write(
    plan: PackagePlan,
    evidence: EvidenceFiles,
    sources: list[tuple[PackageSource, int]],
    signer: Signer,
    writer: ResumingWriter,
    product: str,
    progress: Progress,
    copy_still: CopyStill | None,
) -> None:
    key, created_at = base64.b64encode(signer.public_key()).decode("ascii"), writer.created_at
    lines = [entry.to_line() + b"\n" for entry in plan.entries]
    readme = readme_bytes(plan.number, created_at, key)
    texts = sum(len(text.content) for text in plan.texts)
    whole = sum(size for _, size in sources) + sum(map(len, lines)) + texts + len(readme)
    count = ByteCount(whole, progress)
    writer.on_kept = count.add
    members = [
        writer.add(README, len(readme), count([readme])),
        writer.add(LEDGER, sum(map(len, lines)), count(lines)),
    ]
    members += [writer.add(text.member, len(text.content), count([text.content])) for text in plan.texts]
    for source, size in sources:
        chunks = evidence.chunks(plan.inspection_id, source.source, size, source.offset)
        members.append(_add(writer, source.member, size, count(chunks)))
    if copy_still is not None:
        members += _copies(plan, evidence, sources, writer, copy_still)
    manifest = _manifest(plan, created_at, product, signer, members).to_bytes()
    signature = sign_manifest(manifest, signer.sign)
    writer.add(MANIFEST, len(manifest), [manifest])
    writer.add(SIGNATURE, len(signature), [signature])
    writer.finish()


def _copies(
    plan: PackagePlan,
    evidence: EvidenceFiles,
    sources: list[tuple[PackageSource, int]],
    writer: PlainZipWriter,
    copy_still: CopyStill,
) -> Iterator[Member]:
    for source, size in sources:
        if not (source.member.startswith("stills/") and source.member.endswith(".jpg")):
            continue
        copied = copy_still(source.member, b"".join(evidence.chunks(plan.inspection_id, source.source, size)))
        if copied is not None:
            yield writer.add(copied[0], len(copied[1]), [copied[1]])


def _manifest(plan: PackagePlan, created_at: str, product: str, signer: Signer, members: list[Member]) -> Manifest:
    return Manifest(
        inspection_id=plan.inspection_id,
        number=plan.number,
        created_at=created_at,
        product=product,
        public_key=signer.public_key(),
        entries=plan.entries[-1].seq,
        head=plan.entries[-1].hash,
        members=tuple(members),
        audience=plan.audience,
        withheld=plan.withheld,
    )


def _sizes(plan: PackagePlan, evidence: EvidenceFiles) -> list[tuple[PackageSource, int]]:
    sized: list[tuple[PackageSource, int]] = []
    for source in plan.sources:
        there = evidence.find_size(plan.inspection_id, source.source)
        if there is not None and there >= source.offset + (source.size_bytes or 0):
            sized.append((source, there if source.size_bytes is None else source.size_bytes))
        elif not source.optional:
            raise _missing(source.member)
    return sized


def _add(writer: PlainZipWriter, member: str, size_bytes: int, chunks: Iterator[bytes]) -> Member:
    try:
        return writer.add(member, size_bytes, chunks)
    except LengthChanged as error:
        raise _missing(member) from error


def _missing(member: str) -> InspectionError:
    message = f"{member} is missing or shorter than the ledger says"
    return InspectionError(Kind.UNAVAILABLE, "evidence_missing", message)
